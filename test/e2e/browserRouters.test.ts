import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { hasType, openPage, toPageHtml } from '../support/agentPage.ts';
import { bundle } from '../support/bundle.ts';
import { launchChromium } from '../support/chromium.ts';
import { startFakeCollector, type FakeCollector } from '../support/collector.ts';
import { startTestOrigin, type TestOrigin } from '../support/testOrigins.ts';

let browser: Browser;
let collector: FakeCollector;
let site: TestOrigin;

/** Apps with two routes each, `/<name>` and `/<name>/orders/:id`; `go(path)` leads to another. */
const apps: Readonly<Record<string, string>> = {
  'react-data': `
    import { createElement as h } from 'react';
    import { createRoot } from 'react-dom/client';
    import { createBrowserRouter, Outlet } from 'react-router';
    import { RouterProvider } from 'react-router/dom';
    import { nameRoutes } from '@clickspan/browser/react';
    const router = createBrowserRouter([
      { path: '/react-data', Component: Outlet, children: [
        { index: true, Component: () => 'home' },
        { path: 'orders/:id', loader: () => fetch('/order').then(() => null), Component: () => 'order' },
      ] },
    ]);
    nameRoutes(router);
    window.go = (path) => void router.navigate(path);
    createRoot(document.getElementById('app')).render(h(RouterProvider, { router }));`,
  'react-elements': `
    import { createElement as h } from 'react';
    import { createRoot } from 'react-dom/client';
    import { BrowserRouter, useNavigate, useRoutes } from 'react-router';
    import { useRouteNames } from '@clickspan/browser/react';
    const routes = [
      { path: '/react-elements', element: 'home' },
      { path: '/react-elements/orders/:id', element: 'order' },
    ];
    function App() {
      useRouteNames(routes);
      window.go = useNavigate();
      return useRoutes(routes);
    }
    createRoot(document.getElementById('app')).render(h(BrowserRouter, null, h(App)));`,
  ...Object.fromEntries(
    ['vue-router', 'vue-router4'].map((router) => [
      router,
      `
    import { createApp, h } from 'vue';
    import { createRouter, createWebHistory, RouterView } from '${router}';
    import { nameRoutes } from '@clickspan/browser/vue';
    const router = createRouter({
      history: createWebHistory(),
      routes: [
        { path: '/${router}', component: RouterView, children: [
          { path: '', component: { render: () => 'home' } },
          { path: 'orders/:id', component: { render: () => 'order' } },
        ] },
      ],
    });
    nameRoutes(router);
    window.go = (path) => void router.push(path);
    createApp({ render: () => h(RouterView) }).use(router).mount('#app');`,
    ]),
  ),
  angular: `
    import '@angular/compiler';
    import { Component, inject, provideAppInitializer, provideZonelessChangeDetection } from '@angular/core';
    import { bootstrapApplication } from '@angular/platform-browser';
    import { provideRouter, Router, RouterOutlet } from '@angular/router';
    import { nameRoutes } from '@clickspan/browser/angular';
    const component = (selector, template, imports = []) => Component({ selector, template, imports })(class {});
    const App = component('#app', '<router-outlet></router-outlet>', [RouterOutlet]);
    bootstrapApplication(App, { providers: [
      provideZonelessChangeDetection(),
      provideRouter([
        { path: 'angular', children: [
          { path: '', component: component('app-home', 'home') },
          { path: 'orders/:id', component: component('app-order', 'order') },
        ] },
      ]),
      provideAppInitializer(() => {
        const router = inject(Router);
        nameRoutes(router);
        window.go = (path) => void router.navigateByUrl(path);
      }),
    ] });`,
};

beforeAll(async () => {
  collector = await startFakeCollector();
  const pages = await Promise.all(
    Object.entries(apps).map(async ([name, code]) => {
      const script = (await bundle(code)).replaceAll('</script', '<\\/script');
      const body = `<base href="/"><div id="app"></div><script>${script}</script>`;
      return [`/${name}`, { html: toPageHtml({ endpoint: collector.url }, body) }] as const;
    }),
  );
  site = await startTestOrigin('localhost', Object.fromEntries(pages));
  browser = await launchChromium();
});

afterAll(async () => {
  await browser?.close();
  await site?.stop();
  await collector?.stop();
});

beforeEach(() => collector.clear());

describe('route actions', () => {
  it.each(Object.keys(apps))('are named by the pattern of the route: %s', async (name) => {
    const { page, errors } = await openPage(browser, `${site.url}/${name}`);
    await page.getByText('home').waitFor();
    const load = await collector.waitForSpan(hasType('action', `load /${name}`));
    expect(load.attributes['url.template']).toBe(`/${name}`);
    await page.evaluate((path) => {
      (window as unknown as { go(path: string): void }).go(path);
    }, `/${name}/orders/spring-sale`);
    await page.getByText('order', { exact: true }).waitFor();
    const route = await collector.waitForSpan(hasType('action', `route /${name}/orders/:id`));
    expect(route.attributes['url.template']).toBe(`/${name}/orders/:id`);
    await page.goBack();
    await page.getByText('home').waitFor();
    await collector.waitForSpan(hasType('action', `route /${name}`));
    expect(errors).toEqual([]);
    await page.context().close();
  });
});
