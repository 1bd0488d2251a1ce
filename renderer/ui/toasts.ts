import { create } from 'zustand';
import type { GantryErrorData } from '../../shared/model/error.ts';

export interface Toast {
  /** One toast for a key at a time; while it shows, the same news again only renews it. */
  readonly key: string;
  readonly tone: 'bad' | 'good' | 'plain';
  readonly title: string;
  readonly text?: string;
  readonly error?: GantryErrorData;
  /** The next step. */
  readonly action?: { readonly title: string; readonly run: () => void };
}

interface ToastState {
  readonly toasts: readonly Toast[];
}

/** The newest few; older ones have been read or are on their own page. */
const MOST_SHOWN = 4;

export const useToasts = create<ToastState>(() => ({ toasts: [] }));

/** Shows news once. */
export function showToast(toast: Toast): void {
  useToasts.setState(({ toasts }) => ({ toasts: withToast(toasts, toast) }));
}

/** Pure: the list with one more; the same key takes its old place. */
export function withToast(toasts: readonly Toast[], toast: Toast): readonly Toast[] {
  if (toasts.some(({ key }) => key === toast.key))
    return toasts.map((old) => (old.key === toast.key ? toast : old));
  return [...toasts, toast].slice(-MOST_SHOWN);
}

export function dismissToast(key: string): void {
  useToasts.setState(({ toasts }) => ({ toasts: toasts.filter((toast) => toast.key !== key) }));
}
