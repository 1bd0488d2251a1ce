import { Command as Cmdk } from 'cmdk';
import { ArrowRight, Command as CommandIcon, Search, Server } from 'lucide-react';
import { useMemo, useState } from 'react';
import type { Entity } from '../../shared/model/entity.ts';
import { Dialog } from '../ui/dialog.tsx';
import { plural } from '../ui/format.ts';
import { HostileText } from '../ui/hostile-text.tsx';
import { Keys } from '../ui/keys.tsx';
import { parseQuery, qualifiers } from '../ui/query.ts';
import { StateMark } from '../ui/state-mark.tsx';
import { kindWords, protectionWords } from '../ui/words.ts';
import { causesOf } from '../world/causes.ts';
import { engineNow } from '../world/mirror.ts';
import { queryContextOf } from '../world/query-context.ts';
import { useCalmWorldShape, worldStore } from '../world/store.ts';
import { useCommands, type Command } from './commands.ts';
import { searchEntities, titleMatches, type EntityHits } from './palette-search.ts';
import styles from './palette.module.css';
import { useActivateEnvironment, useEnvironments } from './queries.ts';
import { setParam } from './route.ts';
import { openOverlay, useUi } from './ui-state.ts';

/** More would not be read; the filter of the health view shows all. */
const MOST_ENTITIES = 30;
const MOST_WRONG = 5;

/** Find anything, do anything: entities by the filter language, views, commands, environments. */
export function Palette() {
  const open = useUi((state) => state.open === 'palette');
  return (
    <Dialog bare open={open} onClose={close} title="Find anything">
      <PaletteBody />
    </Dialog>
  );
}

function close(): void {
  openOverlay(null);
}

function PaletteBody() {
  const [text, setText] = useState('');
  // Not deferred: a search takes milliseconds, and Enter must act on what was typed, never on the list of before.
  const searched = text.trim();
  const hits = useEntityHits(searched);
  const commands = usePaletteCommands(searched);
  const [value, setValue] = useFirstItem(searched, hits, commands);
  return (
    <Cmdk
      className={styles.palette}
      label="Find anything"
      shouldFilter={false}
      loop
      value={value}
      onValueChange={setValue}
    >
      <div className={styles.field}>
        <Search size={16} aria-hidden />
        <Cmdk.Input
          data-autofocus
          className={styles.input}
          value={text}
          onValueChange={setText}
          placeholder="Name, address, or type: node: health: tag: age: since: system:"
        />
      </div>
      <Cmdk.List className={styles.list}>
        <Cmdk.Empty className={styles.empty}>
          <NothingFound text={searched} />
        </Cmdk.Empty>
        <EntityGroup heading={searched === '' ? 'Wrong now' : 'Entities'} hits={hits} />
        <CommandGroups commands={commands} />
        <EnvironmentGroup text={searched} />
      </Cmdk.List>
    </Cmdk>
  );
}

/** What the text finds; without a text, what is wrong. */
function useEntityHits(text: string): EntityHits {
  const shape = useCalmWorldShape();
  return useMemo(() => {
    const { mirror } = worldStore;
    if (text === '') {
      const causes = causesOf(mirror).flatMap((cause) => (cause.type === 'entity' ? [cause.entity] : []));
      return { shown: causes.slice(0, MOST_WRONG), total: causes.length };
    }
    const context = queryContextOf(mirror, engineNow(mirror, Date.now()));
    return searchEntities(mirror.entities.values(), text, context, MOST_ENTITIES);
    // The mirror changes in place; `shape` says when.
    // oxlint-disable-next-line react/exhaustive-deps
  }, [text, shape]);
}

function NothingFound({ text }: { readonly text: string }) {
  const { problems } = parseQuery(text);
  if (problems.length > 0) return <>{problems.join(' · ')}</>;
  return <>Nothing is named so. Qualifiers: {Object.keys(qualifiers).join(': ')}:</>;
}

function EntityGroup({ heading, hits }: { readonly heading: string; readonly hits: EntityHits }) {
  if (hits.shown.length === 0) return null;
  const more = hits.total - hits.shown.length;
  return (
    <Cmdk.Group
      heading={more > 0 ? `${heading} · ${hits.shown.length} of ${hits.total.toLocaleString('en')}` : heading}
    >
      {hits.shown.map((entity) => (
        <EntityItem key={entity.id} entity={entity} />
      ))}
      {more > 0 ? (
        <div className={styles.more}>{plural(more, 'more')}: keep typing to narrow down</div>
      ) : null}
    </Cmdk.Group>
  );
}

function EntityItem({ entity }: { readonly entity: Entity }) {
  const choose = () => {
    close();
    setParam('sel', entity.id);
  };
  return (
    <Cmdk.Item className={styles.item} value={entityValue(entity)} onSelect={choose}>
      <StateMark state={entity.health.state} />
      <HostileText className={styles.name} text={entity.name} />
      <HostileText
        className={styles.detail}
        text={entity.health.reason ?? entity.sockets[0] ?? entity.addresses[0] ?? ''}
      />
      <span className={styles.kind}>{kindWords[entity.kind].one}</span>
    </Cmdk.Item>
  );
}

function usePaletteCommands(text: string): readonly Command[] {
  return useCommands().filter(
    ({ id, title, group, available }) =>
      id !== 'palette' && (available?.() ?? true) && titleMatches(`${group} ${title}`, text),
  );
}

/** The item under Enter: the best one whenever the text changed, then whatever the arrows say. */
function useFirstItem(text: string, hits: EntityHits, commands: readonly Command[]) {
  const entity = hits.shown[0];
  const command = commands[0];
  const first = entity ? entityValue(entity) : command ? commandValue(command) : '';
  const [chosen, setChosen] = useState({ text, value: first });
  const value = chosen.text === text ? chosen.value : first;
  return [value, (next: string) => setChosen({ text, value: next })] as const;
}

const entityValue = ({ id }: Entity) => `entity ${id}`;
const commandValue = ({ id }: Command) => `command ${id}`;

function CommandGroups({ commands }: { readonly commands: readonly Command[] }) {
  const groups = [...new Set(commands.map(({ group }) => group))];
  return groups.map((group) => (
    <Cmdk.Group key={group} heading={group}>
      {commands
        .filter((command) => command.group === group)
        .map((command) => (
          <Cmdk.Item
            key={command.id}
            className={styles.item}
            value={commandValue(command)}
            onSelect={() => {
              close();
              command.run();
            }}
          >
            {group === 'Go to' ? <ArrowRight size={14} aria-hidden /> : <CommandIcon size={14} aria-hidden />}
            <span className={styles.name}>{command.title}</span>
            <span className={styles.detail} />
            {command.keys === undefined ? null : <Keys keys={command.keys} />}
          </Cmdk.Item>
        ))}
    </Cmdk.Group>
  ));
}

function EnvironmentGroup({ text }: { readonly text: string }) {
  const environments = useEnvironments().data ?? [];
  const activate = useActivateEnvironment();
  const others = environments.filter(
    ({ active, name }) => !active && titleMatches(`environment switch to ${name}`, text),
  );
  if (others.length === 0) return null;
  return (
    <Cmdk.Group heading="Environments">
      {others.map(({ id, name, protection }) => (
        <Cmdk.Item
          key={id}
          className={styles.item}
          value={`environment ${id}`}
          onSelect={() => {
            close();
            activate.mutate(id);
          }}
        >
          <Server size={14} aria-hidden />
          <span className={styles.name}>
            Switch to <HostileText text={name} />
          </span>
          <span className={styles.detail}>{protectionWords[protection]}</span>
        </Cmdk.Item>
      ))}
    </Cmdk.Group>
  );
}
