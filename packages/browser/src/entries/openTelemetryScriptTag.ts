import { allFeatures } from '../boot/features.ts';
import { createOpenTelemetryEngine } from '../boot/openTelemetryEngine.ts';
import { startByScriptTag } from '../boot/startByScriptTag.ts';

startByScriptTag({ createEngine: createOpenTelemetryEngine, features: allFeatures });
