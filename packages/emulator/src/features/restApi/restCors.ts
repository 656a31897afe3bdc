import type { HttpReply } from '../../platform/httpResponse.ts';
import type { RestCorsConfig } from './restApiConfig.ts';

type Headers = readonly (readonly [string, string])[];

/** What the console's "Enable CORS" makes: a mock that answers 200 with fixed headers. */
export function toMockAnswer(cors: RestCorsConfig): HttpReply {
  const { allowMethods = [], allowHeaders = [], maxAgeSeconds } = cors;
  const optional: readonly (readonly [string, string | undefined])[] = [
    ['access-control-allow-methods', allowMethods.join(',') || undefined],
    ['access-control-allow-headers', allowHeaders.join(',') || undefined],
    ['access-control-max-age', maxAgeSeconds?.toString()],
  ];
  return {
    statusCode: 200,
    headers: [
      ['content-type', 'application/json'],
      ...toOriginHeaders(cors),
      ...optional.flatMap(([name, value]) => (value === undefined ? [] : [[name, value] as const])),
    ],
    body: Buffer.alloc(0),
  };
}

/** What an answer needs for a page to be able to read it. */
export function toOriginHeaders({ allowOrigin, allowCredentials }: RestCorsConfig): Headers {
  return [
    ['access-control-allow-origin', allowOrigin],
    ...(allowCredentials ? [['access-control-allow-credentials', 'true'] as const] : []),
  ];
}
