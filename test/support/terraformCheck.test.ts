import { describe, expect, it } from 'vitest';
import { findTerraformFaults } from './terraformCheck.ts';
import type { TerraformFile, TerraformSchema } from './terraformCheck.ts';

const schema: TerraformSchema = {
  resource: {
    aws_sqs_queue: {
      arguments: {
        name: { required: true, type: 'string' },
        delay_seconds: { type: 'number' },
        aliases: { type: 'string[]' },
        tags: { type: 'map' },
        redrive: { block: { count_limit: { required: true, type: 'number' } } },
      },
      attributes: ['arn', 'name', 'url'],
    },
  },
  data: { archive_file: { arguments: {}, attributes: ['output_path'] } },
};

function faultsOf(queue: Readonly<Record<string, unknown>>, more: TerraformFile = {}): readonly string[] {
  const body = { name: 'orders', ...queue };
  return findTerraformFaults({ resource: { aws_sqs_queue: { orders: [body] } }, ...more }, schema);
}

describe('findTerraformFaults', () => {
  it('finds none in what a provider takes', () => {
    const queue = {
      delay_seconds: 3,
      aliases: ['a'],
      tags: { a: '1' },
      redrive: [{ count_limit: 3 }],
      count: 2,
    };
    expect(faultsOf(queue)).toEqual([]);
  });

  it.each([
    [{ nam: 'a' }, 'aws_sqs_queue.orders: no such argument: nam'],
    [{ delay_seconds: 'soon' }, 'aws_sqs_queue.orders: delay_seconds is no number'],
    [{ aliases: 'a' }, 'aws_sqs_queue.orders: aliases is no string[]'],
    [{ aliases: [1] }, 'aws_sqs_queue.orders: aliases is no string[]'],
    [{ tags: ['a'] }, 'aws_sqs_queue.orders: tags is no map'],
    [{ redrive: { count_limit: 3 } }, 'aws_sqs_queue.orders: redrive is a block'],
    [{ redrive: [{}] }, 'aws_sqs_queue.orders.redrive: count_limit is missing'],
    [{ redrive: [{ count_limit: 3, limit: 3 }] }, 'aws_sqs_queue.orders.redrive: no such argument: limit'],
  ])('finds a wrong argument: %j', (queue, fault) => {
    expect(faultsOf(queue)).toEqual([fault]);
  });

  it('finds a required argument that is missing, and a type that no provider has', () => {
    const file = { resource: { aws_sqs_queue: { orders: [{}] }, aws_queue: { orders: [{}] } } };
    expect(findTerraformFaults(file, schema)).toEqual([
      'aws_sqs_queue.orders: name is missing',
      'resource aws_queue: no such type',
    ]);
  });

  it('takes an expression for any type', () => {
    const more = { variable: { delay: [{}] } };
    expect(faultsOf({ delay_seconds: '${var.delay}', aliases: '${var.delay}' }, more)).toEqual([]);
  });

  it.each([
    ['${var.nam}', 'var.nam'],
    ['${local.nam}', 'local.nam'],
    ['a-${aws_sqs_queue.order.arn}-b', 'aws_sqs_queue.order.arn'],
    ['${aws_sqs_queue.orders.uri}', 'aws_sqs_queue.orders.uri'],
    ['${aws_sqs_queue.orders[0].uri}', 'aws_sqs_queue.orders[0].uri'],
    ['${data.archive_file.code.output}', 'data.archive_file.code.output'],
    ['${jsonencode({ a = [aws_topic.orders.arn] })}', 'aws_topic.orders.arn'],
  ])('finds a reference that leads nowhere: %s', (name, reference) => {
    const more = { data: { archive_file: { code: [{}] } }, variable: { name: [{}] }, locals: [{ name: 1 }] };
    expect(faultsOf({ name }, more)).toEqual([`${reference} leads nowhere`]);
  });

  it('follows those that lead somewhere', () => {
    const more = {
      data: { archive_file: { code: [{}] } },
      variable: { name: [{}] },
      locals: [{ name: '${var.name}' }],
      output: { url: [{ value: '${aws_sqs_queue.orders.url}' }] },
    };
    const name = '${local.name}${data.archive_file.code.output_path}${path.module}${each.value}';
    expect(faultsOf({ name }, more)).toEqual([]);
  });
});
