import { afterEach, describe, expect, it } from 'vitest';
import { readXrayHeader } from './xrayEnvironment.ts';

const globals = globalThis as { awslambda?: unknown };

describe("X-Ray's header", () => {
  afterEach(() => {
    delete globals.awslambda;
    delete process.env['_X_AMZN_TRACE_ID'];
  });

  it('is that of the environment', () => {
    expect(readXrayHeader()).toBeUndefined();
    process.env['_X_AMZN_TRACE_ID'] = 'Root=1-a-b';
    expect(readXrayHeader()).toBe('Root=1-a-b');
  });

  it('is that of the runtime client first, whose store knows the invocation', () => {
    process.env['_X_AMZN_TRACE_ID'] = 'Root=1-other';
    globals.awslambda = { InvokeStore: { getXRayTraceId: () => 'Root=1-own' } };
    expect(readXrayHeader()).toBe('Root=1-own');
    globals.awslambda = { InvokeStore: { getXRayTraceId: () => undefined } };
    expect(readXrayHeader()).toBe('Root=1-other');
    globals.awslambda = { InvokeStore: {} };
    expect(readXrayHeader()).toBe('Root=1-other');
  });
});
