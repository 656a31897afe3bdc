import axios from 'axios';
import { request as requestGraphql } from 'graphql-request';
import { jQuery } from 'jquery';
import ky from 'ky';
import { ask, askByXhr, clickAll } from './shape.mjs';

/** What a click with a client asks for, each once; more where it tries again. */
const to = (n, step) => `${location.origin}/slow?ms=5&n=${n}&step=${step}`;
const fails = (n, step) => `${location.origin}/status?code=503&n=${n}&step=${step}`;

const styles = {
  fetch: (n) => fetch(to(n, 'client')),
  'fetch of a URL': (n) => fetch(new URL(to(n, 'client'))),
  'fetch of a Request': (n) => fetch(new Request(to(n, 'client'), { method: 'POST', body: 'text' })),
  'fetch of a Request with options': (n) =>
    fetch(new Request(to(n, 'client')), { headers: { 'x-own': 'a' } }),
  XHR: (n) => askByXhr(n, 'client'),
  axios: (n) => axios.post(to(n, 'client'), { any: 1 }),
  'axios by fetch': (n) => axios.get(to(n, 'client'), { adapter: 'fetch' }),
  ky: (n) => ky.get(to(n, 'client')).json(),
  'ky that tries again': (n) =>
    ky.get(fails(n, 'client'), { retry: { limit: 2, delay: () => 20 } }).catch(() => null),
  jQuery: (n) => jQuery.getJSON(to(n, 'client')),
  'jQuery with callbacks': (n) =>
    new Promise((done) => void jQuery.ajax({ url: to(n, 'client'), success: done })),
  'graphql-request': (n) => requestGraphql(to(n, 'client'), '{ things { id } }').catch(() => null),
};

window.run = async ({ gapMs }) => {
  const names = Object.keys(styles);
  const onClick = async (n) => {
    await styles[names[n]](n);
    await ask(n, 'after');
  };
  await clickAll({ count: names.length, gapMs, onClick });
  return names;
};
