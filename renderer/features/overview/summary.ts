import { plural } from '../../ui/format.ts';
import { healthWords } from '../../ui/words.ts';
import type { Tally } from '../../world/tally.ts';

/** "214 entities · 1 down · 2 degraded"; states without entities are left out, and so is healthy. */
export function summaryOf({ total, byState }: Tally): string {
  const states = (['down', 'degraded', 'unknown', 'maintenance'] as const).filter(
    (state) => byState[state] > 0,
  );
  return [
    plural(total, 'entity', 'entities'),
    ...states.map((state) => `${byState[state].toLocaleString('en')} ${healthWords[state]}`),
  ].join(' · ');
}

export interface Calm {
  readonly title: string;
  readonly text: string;
  /** Whether the calm can be trusted: everything answers and nothing is unknown. */
  readonly certain: boolean;
}

/**
 * What to say where nothing is known to be wrong. Silence of a system is no good news: the words say how much is really
 * known. `behind`: connections that are not live; `unanswered`: those that never answered.
 */
export function calmWords({ total, byState }: Tally, behind: number, unanswered: number): Calm {
  if (total === 0)
    return unanswered > 0
      ? {
          title: 'Nothing is known yet',
          text: `Waiting for ${plural(unanswered, 'system')} to answer.`,
          certain: false,
        }
      : {
          title: 'The systems are empty',
          text: 'All of them answer, and none has anything.',
          certain: false,
        };
  const doubts = [
    ...(behind > 0 ? [`${plural(behind, 'system is', 'systems are')} not live`] : []),
    ...(byState.unknown > 0
      ? [`${plural(byState.unknown, 'entity has', 'entities have')} no known state`]
      : []),
  ];
  if (doubts.length > 0)
    return { title: 'Nothing is known to be wrong', text: `But ${doubts.join(', and ')}.`, certain: false };
  const rest = byState.maintenance > 0 ? `, ${byState.maintenance} in maintenance` : '';
  return {
    title: 'Nothing is wrong',
    text: `${plural(byState.healthy, 'entity is', 'entities are')} healthy${rest}, and every system answers.`,
    certain: true,
  };
}
