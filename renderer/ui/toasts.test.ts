import { expect, it } from 'vitest';
import { dismissToast, showToast, useToasts, withToast } from './toasts.ts';

const toast = (key: string, title = key) => ({ key, tone: 'bad' as const, title });

it('shows the same news once, with its latest words, in its old place', () => {
  const list = withToast(withToast([toast('a')], toast('b')), toast('a', 'again'));
  expect(list.map(({ title }) => title)).toEqual(['again', 'b']);
});

it('keeps the newest four', () => {
  const list = ['a', 'b', 'c', 'd', 'e'].reduce<readonly ReturnType<typeof toast>[]>(
    (toasts, key) => withToast(toasts, toast(key)) as readonly ReturnType<typeof toast>[],
    [],
  );
  expect(list.map(({ key }) => key)).toEqual(['b', 'c', 'd', 'e']);
});

it('forgets what was dismissed, so that it can be news again', () => {
  showToast(toast('x'));
  dismissToast('x');
  expect(useToasts.getState().toasts).toEqual([]);
  showToast(toast('x'));
  expect(useToasts.getState().toasts).toHaveLength(1);
});
