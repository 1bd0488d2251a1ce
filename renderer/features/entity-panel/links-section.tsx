import { useState } from 'react';
import { Button } from '../../ui/button.tsx';
import { EntityLink } from '../../ui/entity-link.tsx';
import { HostileText } from '../../ui/hostile-text.tsx';
import { Section } from '../../ui/section.tsx';
import { worldStore } from '../../world/store.ts';
import styles from './entity-panel.module.css';
import { linkRowsOf, type LinkRow } from './link-rows.ts';

/** A host may run hundreds of guests; the first ones are the worst ones. */
const FIRST = 12;

/** The links, each with the rule and the evidence it is believed by. Rendered anew by the panel on each change. */
export function LinksSection({ id }: { readonly id: string }) {
  const [all, setAll] = useState(false);
  const rows = linkRowsOf(worldStore.mirror, id);
  const shown = all ? rows : rows.slice(0, FIRST);
  return (
    <Section title="Links and why they are believed" aside={rows.length === 0 ? null : rows.length}>
      {rows.length === 0 ? (
        <p className={styles.muted}>No system links it to anything, and no address or name does.</p>
      ) : (
        <ul>
          {shown.map((row) => (
            <LinkLine key={`${row.link.kind} ${row.words} ${row.otherId}`} row={row} />
          ))}
        </ul>
      )}
      {shown.length < rows.length ? (
        <Button tone="quiet" className={styles.more} onClick={() => setAll(true)}>
          Show all {rows.length}
        </Button>
      ) : null}
    </Section>
  );
}

function LinkLine({ row }: { readonly row: LinkRow }) {
  const { link, other, otherId, words, why } = row;
  return (
    <li className={styles.link}>
      <div className={styles.linkEnds}>
        <span className={styles.linkWords}>{words}</span>
        {other ? <EntityLink entity={other} /> : <HostileText mono text={otherId} />}
      </div>
      <p className={styles.evidence}>
        <span className={link.confidence === 'certain' ? undefined : styles.doubt}>{why}</span>
        <HostileText text={link.evidence} />
      </p>
    </li>
  );
}
