import { createOpenTelemetryEngine } from '../boot/openTelemetryEngine.ts';
import { startByScriptTag } from '../boot/startByScriptTag.ts';
import { observeFetch } from '../features/requests/observeFetch.ts';
import { observeXhr } from '../features/requests/observeXhr.ts';

// The tracing core of the OpenTelemetry edition: no more than fetch and XHR. It is built to be weighed, and not shipped.
startByScriptTag({
  createEngine: createOpenTelemetryEngine,
  features: { fetch: observeFetch, xhr: observeXhr },
});
