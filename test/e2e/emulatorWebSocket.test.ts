import { afterAll, beforeAll, expect, it } from 'vitest';
import { startStage, until } from '../support/lambdaFixture.ts';
import type { Stage } from '../support/lambdaFixture.ts';

// Sources:
// [connections]
// https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-how-to-call-websocket-api-connections.html
// [connect]
// https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-websocket-api-route-keys-connect-disconnect.html

/** Sends what it is told back to its caller, by the management API. */
const CHAT = `
  export const handler = async (event) => {
    const { eventType, connectionId, domainName, stage } = event.requestContext;
    console.log(eventType);
    if (eventType === 'CONNECT') return { statusCode: event.queryStringParameters?.token === 'ok' ? 200 : 401 };
    if (eventType === 'MESSAGE') {
      const url = 'http://' + domainName + '/' + stage + '/@connections/' + encodeURIComponent(connectionId);
      const { status } = await fetch(url, { method: 'POST', body: 'echo ' + JSON.parse(event.body).text });
      console.log('sent ' + status);
    }
    return {};
  };
`;

let stage: Stage;
beforeAll(async () => {
  stage = await startStage([{ name: 'chat', source: CHAT }], {
    webSocketApis: [
      {
        name: 'chat',
        routes: ['$connect', 'say', '$disconnect'].map((route) => ({ route, function: 'chat' })),
      },
    ],
  });
});
afterAll(() => stage.stop());

it('a client talks with a function, which answers by the management API [connections]', async () => {
  const url = stage.emulator.webSocketUrls['chat']!;
  const client = new WebSocket(`${url}?token=ok`);
  const heard: unknown[] = [];
  client.addEventListener('message', ({ data }) => heard.push(data));
  await new Promise((resolve) => client.addEventListener('open', resolve));
  client.send(JSON.stringify({ action: 'say', text: 'hello' }));
  await until('the answer has come', () => heard.includes('echo hello'));
  client.send(JSON.stringify({ action: 'else' }));
  await until('the missing route is told of', () =>
    heard.some((text) => String(text).includes('"Forbidden"')),
  );
  client.close();
  await until('the function knows', () => stage.log.some((line) => line.endsWith('DISCONNECT')));
});

it('a client without its token is not let in [connect]', async () => {
  const client = new WebSocket(stage.emulator.webSocketUrls['chat']!);
  const outcome = await new Promise((resolve) => {
    client.addEventListener('open', () => resolve('open'));
    client.addEventListener('error', () => resolve('refused'));
  });
  expect(outcome).toBe('refused');
});
