import { describe, expect, it } from 'vitest';
import { parseHandlerName } from './handlerName.ts';

describe('parseHandlerName', () => {
  it.each([
    ['index.handler', '', 'index', 'handler'],
    ['src/app/index.deep.er', 'src/app', 'index', 'deep.er'],
    ['/var/task/index.handler', '/var/task', 'index', 'handler'],
    ['a.b/index.handler', 'a.b', 'index', 'handler'],
    ['index.', '', 'index', ''],
    ['.handler', '', '', 'handler'],
  ])('splits %s', (name, folder, file, exportPath) => {
    expect(parseHandlerName(name)).toEqual({ folder, file, exportPath });
  });

  it.each(['index', '../index.handler', 'index..handler', 'folder/', 'index.handler/', 'i.h/i.h'])(
    'leaves %s to the runtime client',
    (name) => expect(parseHandlerName(name)).toBeUndefined(),
  );
});
