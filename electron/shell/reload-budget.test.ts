import { expect, it } from 'vitest';
import { ReloadBudget } from './reload-budget.ts';

it('allows three reloads in five minutes, and again later', () => {
  const budget = new ReloadBudget();
  expect([0, 1_000, 2_000, 3_000, 299_999].map((now) => budget.spend(now))).toEqual([
    true,
    true,
    true,
    false,
    false,
  ]);
  expect(budget.spend(300_000)).toBe(true);
  expect(budget.spend(300_500)).toBe(false);
});
