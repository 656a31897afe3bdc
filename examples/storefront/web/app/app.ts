// The page at `/app/`. The agent comes by npm and starts before the first request.
import { start } from '@clickspan/browser';
import { readMeta } from '../meta.ts';
import { showShop } from '../shop.ts';

start({
  endpoint: readMeta('collector'),
  propagateTo: [readMeta('shop-api')],
  serviceName: 'espresso-bar',
});

await showShop((product) => product.roast >= 3);
