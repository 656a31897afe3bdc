import { expect, it } from 'vitest';
import { toAttributesMd5, toBodyMd5 } from './messageDigest.ts';

// https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-message-metadata.html, "Calculating
// the MD5 message digest for message attributes".

it('digests a body as md5sum does', () => {
  expect(toBodyMd5('hello')).toBe('5d41402abc4b2a76b9719d911017c592');
  expect(toBodyMd5('')).toBe('d41d8cd98f00b204e9800998ecf8427e');
});

it('digests attributes in the order of their names, text and bytes told apart', () => {
  const text = { dataType: 'String', stringValue: 'x' };
  const bytes = { dataType: 'Binary', binaryValue: Buffer.from('x') };
  expect(toAttributesMd5({ a: text, b: bytes })).toBe(toAttributesMd5({ b: bytes, a: text }));
  expect(toAttributesMd5({ a: text })).not.toBe(toAttributesMd5({ a: bytes }));
  expect(toAttributesMd5({ a: text })).not.toBe(toAttributesMd5({ a: { ...text, dataType: 'String.x' } }));
  expect(toAttributesMd5({})).toBeUndefined();
});
