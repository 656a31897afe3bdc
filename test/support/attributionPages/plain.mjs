import { ask, clickAll, pause, startBackground, work, workLess } from './shape.mjs';

/** One request in flight for all that ask meanwhile, as pages keep tokens and settings. */
function createShared(name, ms) {
  let flying;
  return (n) => {
    flying ??= ask(n, name, ms)
      .then((answer) => answer.json())
      .finally(() => (flying = undefined));
    return flying;
  };
}
/** The same behind an async function. */
function createSharedLoad(name, ms) {
  let flying;
  const load = async (n) => {
    const answer = await ask(n, name, ms);
    await answer.text();
    flying = undefined;
  };
  return async (n) => {
    flying ??= load(n);
    await flying;
  };
}

const getToken = createShared('token', 30);
const getSettings = createSharedLoad('settings', 30);

const variants = {
  work,
  async shared(n) {
    await ask(n, 'start', (n * 17) % 60);
    await getToken(n);
    await ask(n, 'with-token');
    await pause((n * 7) % 25);
    await getSettings(n);
    await ask(n, 'with-settings');
    await Promise.all([getToken(n).then(() => ask(n, 'all-token')), ask(n, 'all')]);
    await (await ask(n, 'last')).json();
    await workLess(n);
  },
};

/** One database for all, with requests as promises. */
const database = () =>
  (database.opened ??= new Promise((done) => {
    const opening = indexedDB.open('attribution', 1);
    opening.onupgradeneeded = () => opening.result.createObjectStore('things');
    opening.onsuccess = () => done(opening.result);
  }));
const store = async (mode) => (await database()).transaction('things', mode).objectStore('things');
const settled = (request) =>
  new Promise((done) => {
    request.onsuccess = () => done(request.result);
  });

/** A worker, a socket and a port that answer by number, as libraries for remote calls do. */
function createCaller(send, listen) {
  const waiting = new Map();
  let last = 0;
  listen((id) => {
    waiting.get(id)?.();
    waiting.delete(id);
  });
  return () =>
    new Promise((done) => {
      waiting.set(++last, done);
      send(last);
    });
}

function createWorkerCaller() {
  const code = `onmessage = ({ data }) => setTimeout(() => postMessage(data), data % 9);
    setInterval(() => postMessage('tick'), 15);`;
  const worker = new Worker(URL.createObjectURL(new Blob([code])));
  worker.addEventListener('message', ({ data }) => data === 'tick' && chatter('worker'));
  return createCaller(
    (id) => worker.postMessage(id),
    (answer) => worker.addEventListener('message', ({ data }) => answer(data)),
  );
}

function createSocketCaller(url) {
  const socket = new WebSocket(url);
  const opened = new Promise((done) => socket.addEventListener('open', done));
  const call = createCaller(
    (id) => socket.send(id),
    (answer) => {
      socket.onmessage = ({ data }) => {
        if (data === 'tick') chatter('socket');
        else answer(Number(data));
      };
    },
  );
  return async () => {
    await opened;
    await call();
  };
}

function createPortCaller() {
  const { port1, port2 } = new MessageChannel();
  port2.onmessage = ({ data }) => setTimeout(() => port2.postMessage(data), data % 5);
  return createCaller(
    (id) => port1.postMessage(id),
    (answer) => {
      port1.onmessage = ({ data }) => answer(data);
    },
  );
}

let flying = 0;
let isChatting = true;
/** What no click causes; bounded, since a browser has six connections. */
function chatter(step) {
  if (!isChatting || flying > 2) return;
  flying++;
  void ask('none', step, 3).finally(() => flying--);
}

function createMessages(socketUrl) {
  const callers = {
    worker: createWorkerCaller(),
    socket: createSocketCaller(socketUrl),
    port: createPortCaller(),
  };
  return async (n) => {
    await ask(n, 'start', (n * 17) % 60);
    await settled((await store('readwrite')).put(n, n));
    await ask(n, 'after-put');
    const things = await store('readonly');
    const read = things.get(n);
    read.onsuccess = () => void ask(n, 'in-success');
    await settled(things.count());
    await ask(n, 'after-count');
    for (const [name, call] of Object.entries(callers)) {
      await call();
      await ask(n, `after-${name}`, n % 12);
    }
    await Promise.all([callers.worker(), ask(n, 'beside-worker')]);
    await ask(n, 'after-both');
    await crypto.subtle?.digest('SHA-256', new Uint8Array(9));
    await ask(n, 'after-digest');
    await workLess(n);
  };
}

/** A worker that answers later than the server, and all that wait at once. */
function createLateCaller() {
  const code = `const ids = [];
    onmessage = ({ data }) => ids.push(data);
    setInterval(() => ids.length && postMessage(ids.splice(0)), 40);`;
  const worker = new Worker(URL.createObjectURL(new Blob([code])));
  return createCaller(
    (id) => worker.postMessage(id),
    (answer) => worker.addEventListener('message', ({ data }) => data.forEach(answer)),
  );
}

/** What is awaited besides a request, in each way that there is. */
function createBeside() {
  const late = createLateCaller();
  const handOn = async (n, step) => ask(n, step);
  const load = async (n, step) => {
    await (await ask(n, step)).text();
  };
  const ways = {
    all: (n, step) => Promise.all([late(), ask(n, step)]),
    'all-behind': (n, step) => Promise.allSettled([ask(n, step), late()]),
    race: (n, step) => Promise.race([late(), ask(n, step, 100)]),
    any: (n, step) => Promise.any([ask(n, step, 100), late()]),
    derived: (n, step) => Promise.all([ask(n, step).then((answer) => answer.text()), late()]),
    'handed-on': (n, step) => Promise.all([late(), handOn(n, step)]),
    loaded: (n, step) => Promise.all([late(), load(n, step)]),
    async 'in-function'(n, step) {
      await Promise.all([load(n, step), late()]);
    },
    async unawaited(n, step) {
      void ask(n, step);
      await late();
    },
  };
  return async (n) => {
    for (const [name, go] of Object.entries(ways)) {
      await go(n, name);
      await ask(n, `after-${name}`);
    }
  };
}

window.run = async ({ variant, count = 60, gapMs, socketUrl }) => {
  const onClick = variants[variant] ?? (variant === 'beside' ? createBeside() : createMessages(socketUrl));
  const stop = startBackground();
  await clickAll({ count, gapMs, onClick });
  isChatting = false;
  stop();
};
