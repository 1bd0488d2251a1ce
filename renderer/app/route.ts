import { useSyncExternalStore } from 'react';

/**
 * Where the console is, all of it in the URL's fragment: `#/topology?sel=proxmox%2Fpve%2Flxc%2F112&q=health%3Adown`.
 * A fragment that does not start with `#/` (browser mode's `#token=…`, an empty one) is the overview.
 */
export interface Route {
  readonly view: string;
  /** A copy: changing it changes nothing. Use `setParam`. */
  readonly params: URLSearchParams;
}

export const defaultView = 'overview';

/** Parameters that mean the same in every view; they stay when the view changes. */
const sharedParams = ['sel'] as const;

/** Pure: the route in a fragment. Anything is accepted; a view name is lower-case letters and dashes. */
export function parseRoute(hash: string): Route {
  const match = /^#\/([a-z][a-z-]*)(?:\?(.*))?$/s.exec(hash);
  if (!match) return { view: defaultView, params: new URLSearchParams() };
  return { view: match[1] ?? defaultView, params: new URLSearchParams(match[2] ?? '') };
}

/** Pure: the fragment of a route. Empty parameters are left out. */
export function formatRoute(view: string, params: URLSearchParams): string {
  const kept = new URLSearchParams([...params].filter(([, value]) => value !== ''));
  const query = kept.toString();
  return query ? `#/${view}?${query}` : `#/${view}`;
}

export type ParamValues = Readonly<Record<string, string | null>>;

/**
 * Pure: the parameters on arrival at a view. Shared ones come along; the rest is what `given` says, or what the view
 * had when it was left (`remembered`). null in `given` drops a parameter.
 */
export function paramsOnArrival(
  current: URLSearchParams,
  remembered: URLSearchParams | undefined,
  given: ParamValues | undefined,
): URLSearchParams {
  const next = new URLSearchParams(given ? undefined : remembered);
  for (const name of sharedParams) {
    const value = current.get(name);
    if (value === null) next.delete(name);
    else next.set(name, value);
  }
  for (const [name, value] of Object.entries(given ?? {})) {
    if (value === null) next.delete(name);
    else next.set(name, value);
  }
  return next;
}

const listeners = new Set<() => void>();
const lastParams = new Map<string, URLSearchParams>();
let cached: { hash: string; route: Route } | undefined;

/** The route now, outside React. The same object while the fragment is the same. */
export function currentRoute(): Route {
  const hash = window.location.hash;
  if (cached?.hash !== hash) cached = { hash, route: parseRoute(hash) };
  return cached.route;
}

function notify(): void {
  for (const listener of listeners) listener();
}

/** Returns the disposer. */
export function subscribeRoute(listener: () => void): () => void {
  if (listeners.size === 0) {
    window.addEventListener('hashchange', notify);
    window.addEventListener('popstate', notify);
  }
  listeners.add(listener);
  return () => {
    listeners.delete(listener);
    if (listeners.size > 0) return;
    window.removeEventListener('hashchange', notify);
    window.removeEventListener('popstate', notify);
  };
}

/** The route; re-renders when it changes. */
export function useRoute(): Route {
  return useSyncExternalStore(subscribeRoute, currentRoute);
}

/** One parameter; re-renders only when that one changes. */
export function useParam(name: string): string | null {
  return useSyncExternalStore(subscribeRoute, () => currentRoute().params.get(name));
}

function go(view: string, params: URLSearchParams, mode: 'push' | 'replace'): void {
  const hash = formatRoute(view, params);
  if (hash === window.location.hash) return;
  if (mode === 'push') window.history.pushState(null, '', hash);
  else window.history.replaceState(null, '', hash);
  notify();
}

/**
 * Goes to a view, as a step that "back" undoes. Without `params` the view is as it was left; with them it has exactly
 * these. The selection comes along unless `params` name it.
 */
export function navigate(view: string, params?: ParamValues): void {
  const from = currentRoute();
  lastParams.set(from.view, new URLSearchParams(from.params));
  go(view, paramsOnArrival(from.params, lastParams.get(view), params), 'push');
}

/**
 * Sets or (null) removes one parameter of the present view. Selecting (`sel`) is a step that "back" undoes; the others
 * replace, so that typing a filter does not fill the history.
 */
export function setParam(name: string, value: string | null): void {
  const { view, params } = currentRoute();
  const next = new URLSearchParams(params);
  if (value === null || value === '') next.delete(name);
  else next.set(name, value);
  go(view, next, name === 'sel' ? 'push' : 'replace');
}
