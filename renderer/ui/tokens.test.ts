import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';

const css = readFileSync(new URL('./tokens.css', import.meta.url), 'utf8');

/** Custom properties of the first block whose selector is exactly `selector`. */
function tokensOf(selector: string): Map<string, string> {
  const start = css.indexOf(`${selector} {`);
  const block = css.slice(start, css.indexOf('}', start));
  return new Map([...block.matchAll(/--([\w-]+):\s*(#[0-9a-f]{6});/g)].map((m) => [m[1]!, m[2]!]));
}

/** WCAG 2.2 relative luminance. */
function luminance(hex: string): number {
  const [r, g, b] = [1, 3, 5].map((at) => {
    const channel = parseInt(hex.slice(at, at + 2), 16) / 255;
    return channel <= 0.04045 ? channel / 12.92 : ((channel + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * r! + 0.7152 * g! + 0.0722 * b!;
}

function contrast(a: string, b: string): number {
  const [dark, light] = [luminance(a), luminance(b)].sort((x, y) => x - y);
  return (light! + 0.05) / (dark! + 0.05);
}

const themes = { dark: tokensOf(':root'), light: tokensOf(":root[data-theme='light']") };
const texts = ['text', 'muted', 'accent', 'healthy', 'degraded', 'down', 'maintenance', 'unknown'];
const grounds = ['bg', 'surface', 'raised'];

describe.each(Object.entries(themes))('%s theme', (_name, tokens) => {
  it.each(texts.flatMap((text) => grounds.map((ground) => [text, ground] as const)))(
    '--%s is readable on --%s',
    (text, ground) => {
      expect(contrast(tokens.get(text)!, tokens.get(ground)!)).toBeGreaterThanOrEqual(4.5);
    },
  );

  it.each([
    ['text', 'selected'],
    ['muted', 'selected'],
    ['accent', 'selected'],
    ['text', 'tint-down'],
    ['muted', 'tint-down'],
    ['down', 'tint-down'],
    ['text', 'tint-degraded'],
    ['muted', 'tint-degraded'],
    ['degraded', 'tint-degraded'],
    ['on-accent', 'accent-fill'],
  ])('--%s is readable on --%s', (text, ground) => {
    expect(contrast(tokens.get(text)!, tokens.get(ground)!)).toBeGreaterThanOrEqual(4.5);
  });
});

it('gives both themes the same names', () => {
  expect([...themes.light.keys()]).toEqual([...themes.dark.keys()]);
});
