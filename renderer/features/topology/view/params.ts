import type { Entity } from '../../../../shared/model/entity.ts';
import { matches, parseQuery, type Query, type QueryContext } from '../../../ui/query.ts';
import { foldings, type FoldBy } from '../pipeline/graph.ts';
import type { ViewOptions } from '../pipeline/pipeline.ts';
import { isOptionalTier, type OptionalTier } from '../pipeline/tiers.ts';

/**
 * Everything about the view that the URL holds: `sel` (the frame's), `fold`, `open` (opened groups), `hide=healthy`,
 * `show` (tiers beside the path, and `calls`), `q` (search), `only=1` (hide what the search does not find),
 * `twin=table`, `sort`, `cam` (where one looks; absent: all of it).
 */
export interface MapParams {
  readonly fold: FoldBy | null;
  readonly open: readonly string[];
  readonly hideHealthy: boolean;
  readonly show: readonly OptionalTier[];
  readonly calls: boolean;
  readonly q: string;
  readonly only: boolean;
  readonly twin: 'map' | 'table';
}

/** Anything that does not belong is as if it were absent: a URL is typed by people. */
export function readParams(params: URLSearchParams): MapParams {
  const show = (params.get('show') ?? '').split(',');
  const q = params.get('q') ?? '';
  return {
    fold: foldings.find((by) => by === params.get('fold')) ?? null,
    open: readOpen(params.get('open')),
    hideHealthy: params.get('hide') === 'healthy',
    show: show.filter(isOptionalTier),
    calls: show.includes('calls'),
    q,
    only: q !== '' && params.get('only') === '1',
    twin: params.get('twin') === 'table' ? 'table' : 'map',
  };
}

/** Group ids hold names of managed systems, so a comma in one must not cut it. */
export function readOpen(text: string | null): string[] {
  return (text ?? '').split(',').flatMap((part) => {
    try {
      return part === '' ? [] : [decodeURIComponent(part)];
    } catch {
      return [];
    }
  });
}

export function formatOpen(ids: readonly string[]): string | null {
  return ids.length === 0 ? null : ids.map((id) => encodeURIComponent(id)).join(',');
}

/** `show` with one of its words switched. */
export function toggleShown(params: MapParams, word: OptionalTier | 'calls'): string | null {
  const now = [...params.show, ...(params.calls ? ['calls'] : [])];
  const next = now.includes(word) ? now.filter((other) => other !== word) : [...now, word];
  return next.length === 0 ? null : next.join(',');
}

/** `context` is asked when the filter runs, so that ages are measured then. */
export function viewOptions(params: MapParams, context: () => QueryContext): ViewOptions {
  return {
    fold: params.fold,
    open: new Set(params.open),
    hideHealthy: params.hideHealthy,
    show: new Set(params.show),
    calls: params.calls,
    keep: params.only ? keepFound(parseQuery(params.q), context) : null,
  };
}

function keepFound(query: Query, context: () => QueryContext): (entity: Entity) => boolean {
  return (entity) => matches(entity, query, context());
}
