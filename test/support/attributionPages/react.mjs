import { createElement as h, startTransition, useEffect, useLayoutEffect, useState } from 'react';
import { createRoot } from 'react-dom/client';
import { QueryClient, QueryClientProvider, useMutation, useQuery } from '@tanstack/react-query';
import { ask, clickAll, pause, startBackground, workLess } from './shape.mjs';

const client = new QueryClient({ defaultOptions: { queries: { retry: false } } });
const works = [];

/** Asked for by many at once: one request for all. */
const getToken = (n) =>
  client.fetchQuery({
    queryKey: ['token'],
    queryFn: async () => (await ask(n, 'token', 25)).json(),
  });

function Details({ n }) {
  const { data } = useQuery({
    queryKey: ['details', n],
    queryFn: async () => (await ask(n, 'query', (n * 7) % 30)).json(),
  });
  const isLoaded = data !== undefined;
  useEffect(() => {
    if (isLoaded) void ask(n, 'effect-of-query');
  }, [n, isLoaded]);
  useLayoutEffect(() => {
    void ask(n, 'layout-effect');
  }, [n]);
  return h('i', null, isLoaded ? 'loaded' : 'loading');
}

function Item({ n }) {
  const [stage, setStage] = useState(0);
  const mutation = useMutation({
    mutationFn: () => ask(n, 'mutation', (n * 3) % 20),
    onSuccess: () => void ask(n, 'after-mutation'),
  });
  useEffect(() => {
    if (stage) void ask(n, `effect-${stage}`);
  }, [n, stage]);
  const onClick = async () => {
    setStage(1);
    await ask(n, 'start', (n * 37) % 90);
    setStage(2);
    await pause((n * 13) % 40);
    startTransition(() => setStage(3));
    await getToken(n);
    await ask(n, 'with-token');
    await mutation.mutateAsync();
    setStage(4);
    await ask(n, 'last');
    await workLess(n);
  };
  return h(
    'div',
    null,
    h('button', { 'data-clickspan-name': `n${n}`, onClick: () => void works.push(onClick()) }, n),
    stage > 0 && h(Details, { n }),
  );
}

function Poll() {
  const [count, setCount] = useState(0);
  useQuery({
    queryKey: ['poll'],
    refetchInterval: () => (isOver ? false : 30),
    queryFn: async () => {
      const answer = await (await ask('none', 'query', 3)).json();
      setCount((value) => value + 1);
      return answer;
    },
  });
  return h('b', null, count);
}

let isOver = false;
window.run = async ({ count = 60, gapMs }) => {
  const place = document.createElement('main');
  document.body.append(place);
  const items = Array.from({ length: count }, (_, n) => h(Item, { n, key: n }));
  createRoot(place).render(h(QueryClientProvider, { client }, h(Poll), items));
  // The page is there before anyone clicks.
  while (!place.querySelector('button')) await pause(5);
  const stop = startBackground();
  await clickAll({ count, gapMs, buttons: place.querySelectorAll('button') });
  await Promise.all(works);
  await pause(50);
  isOver = true;
  stop();
};
