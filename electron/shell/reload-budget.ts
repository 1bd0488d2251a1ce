const RELOADS = 3;
const WITHIN_MS = 5 * 60_000;

/** Whether a window that crashed is loaded again by itself: three times in five minutes, then a person decides. */
export class ReloadBudget {
  #times: number[] = [];

  /** True when one more is allowed at `now` (monotonic ms); it is counted then. */
  spend(now: number): boolean {
    this.#times = this.#times.filter((time) => now - time < WITHIN_MS);
    if (this.#times.length >= RELOADS) return false;
    this.#times.push(now);
    return true;
  }
}
