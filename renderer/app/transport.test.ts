import { describe, expect, it } from 'vitest';
import { readLaunchToken } from './transport.ts';

const token = 'ElVeQu7YSOWRS0xW4qnp8NqwpCr20XfMM22u9k-f_RQ';

describe('readLaunchToken', () => {
  it.each([
    [`#token=${token}`, '#/'],
    [`#token=${token}&to=/topology?sel=consul%2Fprod`, '#/topology?sel=consul%2Fprod'],
    [`#token=${token}&to=/health?q=a&b=c`, '#/health?q=a&b=c'],
  ])('finds the token in %s and leaves %s', (fragment, route) => {
    expect(readLaunchToken(fragment)).toEqual({ token, route });
  });

  it.each([
    '',
    '#',
    '#/',
    '#/topology?token=abc',
    '#token=',
    '#token=short',
    `#token=${token}<`,
    `#x&token=${token}`,
  ])('finds none in %j', (fragment) => {
    expect(readLaunchToken(fragment)).toBeUndefined();
  });
});
