import { healthStates, type HealthState } from '../../../../shared/model/health.ts';

/** The theme as the canvas needs it, read from the design system's custom properties. */
export interface Palette {
  readonly ground: string;
  readonly card: string;
  readonly line: string;
  readonly lineStrong: string;
  readonly text: string;
  readonly muted: string;
  readonly accent: string;
  readonly hatch: string;
  readonly font: string;
  readonly state: Readonly<Record<HealthState, string>>;
  /** State colours of what is stale: nearer to grey, so that an old colour does not speak as loud as a new one. */
  readonly faded: Readonly<Record<HealthState, string>>;
}

/** Share of grey in a faded colour. */
const FADE = 0.55;

export function readPalette(element: Element): Palette {
  const style = getComputedStyle(element);
  const value = (name: string) => style.getPropertyValue(name).trim();
  const muted = value('--muted');
  const state = byState((name) => value(`--${name}`));
  return {
    ground: value('--bg'),
    card: value('--raised'),
    line: value('--line'),
    lineStrong: value('--line-strong'),
    text: value('--text'),
    muted,
    accent: value('--accent'),
    hatch: value('--hatch'),
    font: value('--font') || 'sans-serif',
    state,
    faded: byState((name) => mixHex(state[name], muted, FADE)),
  };
}

function byState(colour: (state: HealthState) => string): Record<HealthState, string> {
  return Object.fromEntries(healthStates.map((state) => [state, colour(state)])) as Record<
    HealthState,
    string
  >;
}

/** `share` of the second colour in the first, both `#rrggbb`; anything else gives the first unchanged. */
export function mixHex(a: string, b: string, share: number): string {
  const first = channels(a);
  const second = channels(b);
  if (!first || !second) return a;
  const mixed = first.map((value, i) => Math.round(value + (second[i]! - value) * share));
  return `#${mixed.map((value) => value.toString(16).padStart(2, '0')).join('')}`;
}

function channels(hex: string): number[] | null {
  const match = /^#([0-9a-f]{2})([0-9a-f]{2})([0-9a-f]{2})$/i.exec(hex);
  return match && [match[1], match[2], match[3]].map((pair) => parseInt(pair!, 16));
}
