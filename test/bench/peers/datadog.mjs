import { datadogRum } from '@datadog/browser-rum';

const { endpoint } = document.currentScript.dataset;
datadogRum.init({
  applicationId: '00000000-0000-4000-8000-000000000000',
  clientToken: 'pub00000000000000000000000000000000',
  site: 'datadoghq.com',
  service: 'bench',
  proxy: endpoint,
  sessionSampleRate: 100,
  sessionReplaySampleRate: 0,
  trackResources: true,
  trackLongTasks: true,
  trackUserInteractions: true,
  allowedTracingUrls: [location.origin],
  traceSampleRate: 100,
  // The bench lets pages seem hidden by events that it makes itself.
  allowUntrustedEvents: true,
});
