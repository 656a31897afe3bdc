import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createSqlReader, maskQuoted } from './sqlText.ts';

const mysql = createSqlReader({ doubleQuotedText: true, backslash: true, hashComment: true });
const sqlServer = createSqlReader({ doubleQuotedText: false, backslash: false, hashComment: false });

describe('statements', () => {
  it.each([
    [
      "SELECT * FROM users WHERE name = 'O''Hara' AND age > 30",
      'SELECT * FROM users WHERE name = ? AND age > ?',
    ],
    ["select 'it\\'s', \"me\", `a 1`.b2 from t1", 'select ?, ?, `a 1`.b2 from t1'],
    ['INSERT INTO t (a, b) VALUES (1, 2.5e-3, 0xFF, -7)', 'INSERT INTO t (a, b) VALUES (?, ?, ?, -?)'],
    ['SELECT a FROM t WHERE id IN (1, 2, 3) -- secret 4\nLIMIT 5', 'SELECT a FROM t WHERE id IN (?) LIMIT ?'],
    ['/* key=secret */ UPDATE t SET a = ? WHERE b = .5', 'UPDATE t SET a = ? WHERE b = ?'],
    ["SELECT 'never closed", 'SELECT ?'],
    ["SELECT a# it's secret 4\nFROM t#secret\r\nWHERE b = '#1'#", 'SELECT a FROM t WHERE b = ?'],
    ["SELECT x'4D', _utf8mb4'name'", 'SELECT ?, ?'],
  ])('%s has no values', (sql, text) => expect(mysql(sql).text).toBe(text));

  it('know that a backslash is nothing special to SQL Server', () => {
    expect(sqlServer("SELECT 'C:\\', N'secret', [a 1], \"b 2\" FROM t WHERE x = @p1").text).toBe(
      'SELECT ?, ?, [a 1], "b 2" FROM t WHERE x = @p1',
    );
  });

  it('know that # is part of a name to SQL Server', () => {
    expect(sqlServer('SELECT a# FROM #orders WHERE b = 1').text).toBe('SELECT a# FROM #orders WHERE b = ?');
  });

  it.each([
    ['SELECT a FROM orders o JOIN shop.items i ON 1 = 1', 'SELECT orders shop.items'],
    ['insert into `t` select * from u', 'INSERT `t` u'],
    ['WITH x AS (SELECT 1 FROM a) SELECT * FROM x', 'SELECT a x'],
    ['DELETE FROM t', 'DELETE t'],
    ['UPDATE t SET a = 1', 'UPDATE t'],
    ['CALL tidy(1)', 'CALL tidy'],
    ['COMMIT', 'COMMIT'],
    ['', ''],
  ])('%s is summarised', (sql, summary) => expect(mysql(sql).summary).toBe(summary));

  it('never let a value through, whatever is in it', () => {
    const quote = (text: string): string => `'${text.replaceAll('\\', '\\\\').replaceAll("'", "''")}'`;
    fc.assert(
      fc.property(fc.string(), fc.string(), (before, after) => {
        const { text } = mysql(`SELECT ${quote(`${before}SECRET${after}`)}, ${quote(after)} FROM t`);
        expect(text).toBe('SELECT ?, ? FROM t');
      }),
    );
  });
});

it('messages of errors lose what is quoted', () => {
  expect(maskQuoted("Duplicate entry 'a@b.c' for key 'users.email'")).toBe('Duplicate entry ? for key ?');
  expect(maskQuoted("Duplicate entry 'O'Hara' for key 'name'")).toBe('Duplicate entry ? for key ?');
  expect(maskQuoted("Table 'shop.t' doesn't exist")).toBe("Table ? doesn't exist");
  expect(maskQuoted("near 'WHERE x")).toBe('near ?');
  expect(maskQuoted("UNIQUE KEY constraint 'u'. The duplicate key value is (a@b.c, (1)). The")).toBe(
    'UNIQUE KEY constraint ?. The duplicate key value is ?. The',
  );
});
