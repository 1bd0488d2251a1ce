/** Step in seconds and number of rows of each time frame, as PVE 9 keeps them. */
const frames = {
  hour: { step: 60, rows: 60 },
  day: { step: 60, rows: 1_440 },
  week: { step: 1_800, rows: 336 },
  month: { step: 1_800, rows: 1_440 },
  year: { step: 21_600, rows: 1_440 },
} as const;

export type Timeframe = keyof typeof frames;
export const timeframes = Object.keys(frames) as Timeframe[];

/** How a field moves around its present value: the share of it that comes and goes. */
export interface Wave {
  readonly value: number;
  readonly swing: number;
}

/**
 * Rows that end now. Every 37th sample is missing, as after a restart of the statistics daemon: such a row has a time and
 * nothing else. Deterministic for a given time, so that two calls agree.
 */
export function rrdRows(
  timeframe: Timeframe,
  nowSeconds: number,
  fields: Readonly<Record<string, Wave>>,
): Record<string, number>[] {
  const { step, rows } = frames[timeframe];
  const last = Math.floor(nowSeconds / step) * step;
  return Array.from({ length: rows }, (_, index) => {
    const time = last - (rows - 1 - index) * step;
    if ((time / step) % 37 === 0) return { time };
    const row: Record<string, number> = { time };
    for (const [name, { value, swing }] of Object.entries(fields))
      row[name] = value * (1 + swing * Math.sin(time / (step * 7) + name.length));
    return row;
  });
}

/** A value that hardly moves: a limit. */
export function still(value: number): Wave {
  return { value, swing: 0 };
}

export function wave(value: number): Wave {
  return { value, swing: 0.3 };
}
