import { allFeatures } from '../boot/features.ts';
import { createOwnEngine } from '../boot/ownEngine.ts';
import { startByScriptTag } from '../boot/startByScriptTag.ts';

startByScriptTag({ createEngine: createOwnEngine, features: allFeatures });
