import type { ConnectionState, ConnectionStatus } from '../../shared/model/connection.ts';
import type { GantryErrorData } from '../../shared/model/error.ts';
import { formatDuration } from '../ui/format.ts';
import { systemWords } from '../ui/words.ts';

/** Something to tell once. */
export interface Notice {
  /** Two notices with one key are one notice. */
  readonly key: string;
  readonly tone: 'bad' | 'good';
  readonly title: string;
  readonly text?: string;
  readonly error?: GantryErrorData;
  /** Connection that it speaks of; its page has the rest. */
  readonly connectionId?: string;
}

/** Above this many at once they have one reason (a network, a laptop that slept) and become one notice. */
const MOST_AT_ONCE = 2;

const trouble: Partial<Record<ConnectionState, string>> = {
  stale: 'does not answer',
  down: 'is down',
  forbidden: 'refuses access',
};

/**
 * What changed between two states of the connections, as notices. Late and connecting are no news: the status bar
 * shows them. The first sight of a connection is no news either: the overview shows it.
 */
export function connectionNotices(
  before: ReadonlyMap<string, ConnectionStatus>,
  after: readonly ConnectionStatus[],
): Notice[] {
  const bad: Notice[] = [];
  const good: Notice[] = [];
  for (const connection of after) {
    const known = before.get(connection.id);
    if (!known) continue;
    const words = trouble[connection.state];
    if (words !== undefined && isNews(known, connection)) bad.push(badNotice(connection, words));
    else if (connection.state === 'live' && trouble[known.state] !== undefined)
      good.push(goodNotice(known, connection));
  }
  return [...merged(bad, 'systems do not answer', 'bad'), ...merged(good, 'systems answer again', 'good')];
}

/** From stale to down is the same story going on; another kind of error is a new one. */
function isNews(known: ConnectionStatus, connection: ConnectionStatus): boolean {
  if (trouble[known.state] === undefined) return true;
  return known.error?.code !== connection.error?.code && connection.error !== undefined;
}

function nameOf({ id, system }: ConnectionStatus): string {
  const name = systemWords[system];
  return id.toLowerCase() === name.toLowerCase() ? name : `${name} ${id}`;
}

function badNotice(connection: ConnectionStatus, words: string): Notice {
  const { id, state, error } = connection;
  return {
    key: `connection ${id} ${state} ${error?.code ?? ''}`,
    tone: 'bad',
    title: `${nameOf(connection)} ${words}`,
    connectionId: id,
    ...(error ? { error } : { text: 'Its last known state stays on screen, marked.' }),
  };
}

function goodNotice(known: ConnectionStatus, connection: ConnectionStatus): Notice {
  return {
    key: `connection ${connection.id} live ${connection.since}`,
    tone: 'good',
    title: `${nameOf(connection)} answers again`,
    text: `after ${formatDuration(connection.since - known.since)}`,
    connectionId: connection.id,
  };
}

function merged(notices: readonly Notice[], words: string, tone: Notice['tone']): readonly Notice[] {
  if (notices.length <= MOST_AT_ONCE) return notices;
  const names = notices.map(({ connectionId }) => connectionId).join(', ');
  return [{ key: `${tone} ${names}`, tone, title: `${notices.length} ${words}`, text: names }];
}
