import type { Entity } from '../../../shared/model/entity.ts';
import type { Link } from '../../../shared/model/link.ts';
import { linkWords, ruleWords } from '../../ui/words.ts';
import { worstFirst } from '../../world/causes.ts';
import { linksAt, type Mirror } from '../../world/mirror.ts';

/** A link as one end reads it. */
export interface LinkRow {
  readonly link: Link;
  readonly otherId: string;
  /** Undefined when the other end is not (or no longer) in the world. */
  readonly other: Entity | undefined;
  /** "runs on", "is checked by". */
  readonly words: string;
  /** "same address and port · certain". */
  readonly why: string;
}

/** The links of an entity: what it stands on first, then what stands on it; within each the worst first. */
export function linkRowsOf(mirror: Mirror, entityId: string): LinkRow[] {
  return linksAt(mirror, entityId)
    .map((link) => rowOf(mirror, link, entityId))
    .sort(
      (a, b) =>
        Number(b.link.from === entityId) - Number(a.link.from === entityId) ||
        (a.other && b.other
          ? worstFirst(a.other, b.other)
          : Number(Boolean(b.other)) - Number(Boolean(a.other))),
    );
}

function rowOf(mirror: Mirror, link: Link, entityId: string): LinkRow {
  const out = link.from === entityId;
  const otherId = out ? link.to : link.from;
  const other = mirror.entities.get(otherId);
  return {
    link,
    otherId,
    other,
    words: wordsOf(link, out, mirror),
    why: `${ruleWords[link.rule]} · ${link.confidence}`,
  };
}

/** The field's own nouns where there are some: an instance is an "instance of" its service, a member "member of" its IP. */
function wordsOf({ kind, from, to }: Link, out: boolean, mirror: Mirror): string {
  if (kind === 'routes-to' && !out) {
    const above = mirror.entities.get(from)?.kind;
    const here = mirror.entities.get(to)?.kind;
    if (above === 'service' && here === 'instance') return 'instance of';
    if (above === 'virtual-ip' && here === 'member') return 'member of';
  }
  return out ? linkWords[kind].out : linkWords[kind].in;
}
