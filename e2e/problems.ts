import type { ConsoleMessage, Page, Request } from '@playwright/test';

/** What went wrong in a page, in words. */
export interface Problems {
  readonly found: readonly string[];
  /** Problems that match belong to this test, from now on and so far. */
  allow(pattern: RegExp): void;
}

/** Notes every error, violation of the policy (Chromium logs those as errors) and foreign request of a page. */
export function watchPage(page: Page, origin: string): { problems: Problems; stop(): void } {
  let found: string[] = [];
  const allowed: RegExp[] = [];
  const add = (problem: string) => {
    if (!allowed.some((pattern) => pattern.test(problem))) found.push(problem);
  };
  const onError = (error: Error) => add(`error: ${error.message}`);
  const onConsole = (message: ConsoleMessage) => {
    if (message.type() === 'error') add(`console: ${message.text()}`);
  };
  const onRequest = (request: Request) => {
    const own = request.url() === origin || request.url().startsWith(`${origin}/`);
    if (!own && !request.url().startsWith('blob:')) add(`request to a stranger: ${request.url()}`);
  };
  const onCrash = () => add('the page crashed');
  page.on('pageerror', onError).on('console', onConsole).on('request', onRequest).on('crash', onCrash);
  return {
    problems: {
      get found() {
        return found;
      },
      allow: (pattern) => {
        allowed.push(pattern);
        found = found.filter((problem) => !pattern.test(problem));
      },
    },
    stop: () => {
      page
        .off('pageerror', onError)
        .off('console', onConsole)
        .off('request', onRequest)
        .off('crash', onCrash);
    },
  };
}
