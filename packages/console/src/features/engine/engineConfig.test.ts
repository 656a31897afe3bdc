import { describe, expect, it } from 'vitest';
import { toEngineArguments, toEngineConfig } from './engineConfig.ts';

describe('engine configuration', () => {
  it('answers only requests with the secret, and opens no listener by itself', () => {
    const config = toEngineConfig('s3cret');
    expect(config.match(/<rule>/g)).toHaveLength(1);
    expect(config).toContain('<headers><x-clickspan-key>s3cret</x-clickspan-key></headers>');
    expect(config).not.toMatch(/tcp_port|http_port|listen_host/);
  });

  it('keeps the secret out of the arguments, which everyone on the machine can read', () => {
    const paths = { config: '/d/engine.xml', data: '/d/engine', port: "/d/it's \\ here/engine.port" };
    const text = toEngineArguments(paths).join(' ');
    expect(text).toContain('--listen_host=127.0.0.1');
    expect(text).toContain("INTO OUTFILE '/d/it\\'s \\\\ here/engine.port'");
  });
});
