// What a click does in the attribution tests: an async function as pages write them, never transpiled. Each request says
// in its address which click it is for, so the server knows the truth.

export const pause = (ms) => new Promise((done) => setTimeout(done, ms));
export const frame = () => new Promise((done) => requestAnimationFrame(done));

/** A request for click `n`, answered after some ms; `none` is what no click causes. */
export const ask = (n, step, ms = 5) => fetch(`/slow?ms=${ms}&n=${n}&step=${step}`);

/** The same by XHR. */
export const askByXhr = (n, step, ms = 5) =>
  new Promise((done) => {
    const xhr = new XMLHttpRequest();
    xhr.open('GET', `/slow?ms=${ms}&n=${n}&step=${step}`);
    xhr.onload = () => done(xhr.responseText);
    xhr.send();
  });

/** Ten requests by way of timers, frames, bodies, XHR, `Promise.all` and microtasks. */
export async function work(n) {
  await null;
  const answer = await ask(n, 'first', (n * 37) % 90);
  await answer.json();
  await pause((n * 13) % 40);
  const [, text] = await Promise.all([ask(n, 'all-a'), ask(n, 'all-b').then((r) => r.text())]);
  if (text) await ask(n, 'after-all', (n * 7) % 30);
  await frame();
  await askByXhr(n, 'xhr');
  await askByXhr(n, 'xhr-again', (n * 11) % 50);
  queueMicrotask(() => void ask(n, 'microtask'));
  await Promise.resolve().then(() => null);
  const blob = await (await ask(n, 'blob')).blob();
  await blob.text();
  await ask(n, 'after-blob');
  setTimeout(() => void ask(n, 'timer'), n % 9);
  await ask(n, 'last');
}

/** A part of the same, for what has requests of its own. */
export async function workLess(n) {
  const [, answer] = await Promise.all([frame(), ask(n, 'less')]);
  await answer.json();
  await null;
  await askByXhr(n, 'less-xhr', (n * 11) % 50);
  queueMicrotask(() => void ask(n, 'less-microtask'));
  await pause(n % 7);
  await ask(n, 'less-last');
}

/** What goes on behind all clicks: by interval, by a chain of timers and by a chain of requests. */
export function startBackground(every = 35) {
  let isOver = false;
  setInterval(() => isOver || void ask('none', 'interval', 3), every);
  const chain = async () => {
    while (!isOver) {
      await (await ask('none', 'chain', 8)).text();
      await pause(every);
    }
  };
  void chain();
  return () => {
    isOver = true;
  };
}

/** Makes buttons, and clicks each in a task of its own; resolves when all that the clicks returned has settled. */
export async function clickAll({ count, gapMs, onClick, buttons }) {
  const works = [];
  for (let n = 0; n < count; n++) {
    const button = buttons?.[n] ?? document.createElement('button');
    button.dataset.clickspanName = `n${n}`;
    if (onClick) button.addEventListener('click', () => works.push(onClick(n)));
    if (!button.isConnected) document.body.append(button);
    setTimeout(() => button.click(), 20 + n * gapMs);
  }
  await pause(60 + count * gapMs);
  await Promise.all(works);
}
