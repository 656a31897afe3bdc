import { start } from '@clickspan/browser/opentelemetry';
import { trace } from '@opentelemetry/api';

start({ endpoint: 'https://collector.example', serviceName: 'opentelemetry' });

const tracer = trace.getTracer('shop');
const answer = document.getElementById('answer')!;

document.getElementById('order')!.addEventListener('click', () => {
  void tracer.startActiveSpan('checkout', async (span) => {
    const response = await fetch('/api/orders', { method: 'POST' });
    answer.textContent = response.ok ? 'Ordered' : 'Failed';
    span.end();
  });
});
