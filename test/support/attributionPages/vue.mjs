import { createApp, h, nextTick, ref, watch, watchEffect } from 'vue';
import { ask, clickAll, pause, startBackground, workLess } from './shape.mjs';

const works = [];
let flying;
/** One request in flight for all that ask meanwhile. */
const getToken = (n) =>
  (flying ??= ask(n, 'token', 25)
    .then((answer) => answer.json())
    .finally(() => (flying = undefined)));

const Details = {
  props: ['n'],
  setup({ n }) {
    const data = ref();
    void ask(n, 'setup', (n * 7) % 30).then(async (answer) => (data.value = await answer.json()));
    watch(data, () => void ask(n, 'watch-of-data'));
    return () => h('i', data.value ? 'loaded' : 'loading');
  },
};

const Item = {
  props: ['n'],
  setup({ n }) {
    const stage = ref(0);
    watch(stage, (value) => void ask(n, `watch-${value}`));
    watchEffect(
      () => {
        if (stage.value === 2) void ask(n, 'effect-after-render');
      },
      { flush: 'post' },
    );
    const onClick = async () => {
      stage.value = 1;
      await nextTick();
      await ask(n, 'start', (n * 37) % 90);
      stage.value = 2;
      await pause((n * 13) % 40);
      stage.value = 3;
      await getToken(n);
      await ask(n, 'with-token');
      stage.value = 4;
      await nextTick();
      await ask(n, 'last');
      await workLess(n);
    };
    return () => [
      h('button', { 'data-clickspan-name': `n${n}`, onClick: () => void works.push(onClick()) }, n),
      stage.value > 0 && h(Details, { n }),
    ];
  },
};

window.run = async ({ count = 60, gapMs }) => {
  const place = document.createElement('main');
  document.body.append(place);
  const items = Array.from({ length: count }, (_, n) => n);
  createApp({ setup: () => () => items.map((n) => h(Item, { n, key: n })) }).mount(place);
  const stop = startBackground();
  await clickAll({ count, gapMs, buttons: place.querySelectorAll('button') });
  await Promise.all(works);
  await pause(50);
  stop();
};
