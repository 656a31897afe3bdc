// The page at `/`. The agent comes by its own script tag, so nothing here knows of it.
import { showShop } from './shop.ts';

await showShop(() => true);
