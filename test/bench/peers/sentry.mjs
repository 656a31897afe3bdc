import * as Sentry from '@sentry/browser';

const { endpoint } = document.currentScript.dataset;
Sentry.init({
  dsn: 'https://public@bench.example/1',
  tunnel: endpoint,
  tracesSampleRate: 1,
  integrations: [Sentry.browserTracingIntegration()],
});
