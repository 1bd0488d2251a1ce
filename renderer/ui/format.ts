import type { MetricName } from '../../shared/model/entity.ts';

/**
 * Numbers as screens show them: short, with the unit, the same width from one moment to the next where that can be.
 * A value that is no finite number is a dash.
 */

const DASH = '–';
/** Between a number and its unit: narrow, and never broken over two lines. */
const NARROW = '\u202f';

const binaryUnits = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB'] as const;
const decimalSuffixes = ['', 'k', 'M', 'G', 'T'] as const;

/** Scales until below `base`, after rounding, so that 1,023.99 KiB is 1.0 MiB and never "1024 KiB". */
function scaled(value: number, base: number, steps: number): { digits: string; step: number } {
  let rest = Math.abs(value);
  let step = 0;
  const rounded = () =>
    step === 0 ? Math.round(rest) : rest < 9.95 ? Math.round(rest * 10) / 10 : Math.round(rest);
  while (rounded() >= base && step < steps - 1) {
    rest /= base;
    step++;
  }
  const digits = step > 0 && rest < 9.95 ? rest.toFixed(1) : Math.round(rest).toLocaleString('en');
  return { digits: value < 0 ? `−${digits}` : digits, step };
}

/** 1536 → "1.5 KiB". */
export function formatBytes(bytes: number): string {
  if (!Number.isFinite(bytes)) return DASH;
  const { digits, step } = scaled(bytes, 1_024, binaryUnits.length);
  return `${digits}${NARROW}${binaryUnits[step]}`;
}

/** 12,400 → "12k"; 950 → "950". Below ten and not whole: one decimal. */
export function formatCount(count: number): string {
  if (!Number.isFinite(count)) return DASH;
  if (Math.abs(count) < 10 && !Number.isInteger(count)) return count.toFixed(1).replace('-', '−');
  const { digits, step } = scaled(count, 1_000, decimalSuffixes.length);
  return `${digits}${decimalSuffixes[step]}`;
}

/** Per second, with what is counted: 2800, "req" → "2.8k req/s". */
export function formatRate(perSecond: number, what: string): string {
  return Number.isFinite(perSecond) ? `${formatCount(perSecond)}${NARROW}${what}/s` : DASH;
}

/** 0.416 → "42 %". Small shares that are not nothing say so: "<1 %". */
export function formatFraction(fraction: number): string {
  if (!Number.isFinite(fraction)) return DASH;
  if (fraction > 0 && fraction < 0.005) return `<1${NARROW}%`;
  return `${Math.round(fraction * 100)}${NARROW}%`;
}

/** The console's own share of a core, where tenths matter: 0.011 → "1.1 %". */
export function formatFineFraction(fraction: number): string {
  return Number.isFinite(fraction) ? `${(fraction * 100).toFixed(1)}${NARROW}%` : DASH;
}

/**
 * A span of time in at most two units: "0.4 s" under ten seconds, "42 s", "4 m 12 s", "3 h 5 m", "2 d 4 h". Clocks that
 * disagree a little give negative spans; those are 0.
 */
export function formatDuration(ms: number): string {
  if (!Number.isFinite(ms)) return DASH;
  const span = Math.max(0, ms);
  if (span < 9_950) return `${(Math.round(span / 100) / 10).toFixed(1)}${NARROW}s`;
  const seconds = Math.round(span / 1_000);
  if (seconds < 60) return `${seconds}${NARROW}s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return twoUnits(minutes, 'm', seconds % 60, 's');
  const hours = Math.floor(minutes / 60);
  if (hours < 24) return twoUnits(hours, 'h', minutes % 60, 'm');
  return twoUnits(Math.floor(hours / 24), 'd', hours % 24, 'h');
}

function twoUnits(big: number, bigUnit: string, small: number, smallUnit: string): string {
  const head = `${big}${NARROW}${bigUnit}`;
  return small === 0 ? head : `${head} ${small}${NARROW}${smallUnit}`;
}

/** A span in its one largest unit, for places where the width must not move: "12 s", "4 m", "3 h", "2 d". */
export function formatAge(ms: number): string {
  if (!Number.isFinite(ms)) return DASH;
  const seconds = Math.floor(Math.max(0, ms) / 1_000);
  if (seconds < 60) return `${seconds}${NARROW}s`;
  if (seconds < 3_600) return `${Math.floor(seconds / 60)}${NARROW}m`;
  if (seconds < 86_400) return `${Math.floor(seconds / 3_600)}${NARROW}h`;
  return `${Math.floor(seconds / 86_400)}${NARROW}d`;
}

/** 12.34 → "12 ms"; from a second on, as a duration. */
export function formatLatency(ms: number): string {
  if (!Number.isFinite(ms)) return DASH;
  if (ms >= 999.5) return formatDuration(ms);
  return `${ms < 9.95 ? ms.toFixed(1) : Math.round(ms)}${NARROW}ms`;
}

/** Local wall clock with seconds: "14:03:40". */
export function formatClock(epochMs: number): string {
  return new Date(epochMs).toLocaleTimeString('en-GB', { hour12: false });
}

/** Local date and time with milliseconds and zone, for hovering: "2026-11-21 14:03:40.125 +01:00". */
export function formatExact(epochMs: number): string {
  const date = new Date(epochMs);
  if (Number.isNaN(date.getTime())) return DASH;
  const two = (value: number) => String(value).padStart(2, '0');
  const day = `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
  const time = `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`;
  const offset = -date.getTimezoneOffset();
  const zone = `${offset < 0 ? '-' : '+'}${two(Math.floor(Math.abs(offset) / 60))}:${two(Math.abs(offset) % 60)}`;
  return `${day} ${time}.${String(date.getMilliseconds()).padStart(3, '0')} ${zone}`;
}

/** "1 alert", "3 alerts". */
export function plural(count: number, one: string, many = `${one}s`): string {
  return `${count.toLocaleString('en')} ${count === 1 ? one : many}`;
}

type MetricFormat = { readonly label: string; readonly format: (value: number) => string };

const count = (label: string): MetricFormat => ({ label, format: formatCount });
const bytes = (label: string): MetricFormat => ({ label, format: formatBytes });

/** What each metric is called and how it is written. */
export const metricFormats: Readonly<Record<MetricName, MetricFormat>> = {
  bytesTotal: bytes('Traffic, total'),
  packetsTotal: count('Packets, total'),
  bytesPerSecond: { label: 'Traffic', format: (value) => `${formatBytes(value)}/s` },
  packetsPerSecond: { label: 'Packets', format: (value) => formatRate(value, 'pkt') },
  receivedBytes: bytes('Received'),
  sentBytes: bytes('Sent'),
  errorsTotal: count('Errors'),
  cpuFraction: { label: 'CPU', format: formatFraction },
  memoryBytes: bytes('Memory'),
  memoryLimitBytes: bytes('Memory limit'),
  diskBytes: bytes('Disk'),
  diskLimitBytes: bytes('Disk limit'),
  uptimeSeconds: { label: 'Up for', format: (value) => formatDuration(value * 1_000) },
  requestsTotal: count('Requests, total'),
  failuresTotal: count('Failures, total'),
  requestsPerSecond: { label: 'Requests', format: (value) => formatRate(value, 'req') },
  tokensPerSecond: { label: 'Tokens', format: (value) => formatRate(value, 'tok') },
  promptTokensTotal: count('Prompt tokens'),
  completionTokensTotal: count('Completion tokens'),
  latencyMs: { label: 'Latency', format: formatLatency },
  inFlight: count('In flight'),
  cooldownRemainingSeconds: { label: 'Cooldown left', format: (value) => formatDuration(value * 1_000) },
  consecutiveFailures: count('Failures in a row'),
  probeDelayMs: { label: 'Probe delay', format: formatLatency },
};
