import type { ConnectionConfig } from '../../../shared/model/environment.ts';
import { refused } from './configuration.ts';
import { Hop } from './hop.ts';

/** The SSH connections of one environment, as ways to the others. */
export interface Routes {
  /** What an SSH connection tells about itself, and others dial through. One for each id. */
  hop(id: string): Hop;
  /**
   * The hop that a connection goes through first-hand; undefined: it connects directly. Throws `GantryError`
   * `invalid-input` when the way cannot exist: an unknown id, one that is no SSH host, a circle.
   */
  dialer(config: ConnectionConfig): Hop | undefined;
}

/** Order does not matter: a connection may be started before the ones it goes through. */
export function createRoutes(configs: readonly ConnectionConfig[]): Routes {
  const byId = new Map(configs.map((config) => [config.id, config]));
  const hops = new Map<string, Hop>();
  const hop = (id: string) => {
    const known = hops.get(id) ?? new Hop(id);
    hops.set(id, known);
    return known;
  };
  return {
    hop,
    dialer(config) {
      checkWay(config, byId);
      return config.via === undefined ? undefined : hop(config.via);
    },
  };
}

/** Follows `via` to its end. */
function checkWay(config: ConnectionConfig, byId: ReadonlyMap<string, ConnectionConfig>): void {
  const way = [config.id];
  let from = config;
  while (from.via !== undefined) {
    const next = byId.get(from.via);
    if (!next) {
      throw refused(
        config,
        'invalid-input',
        `"via" of "${from.id}" names "${from.via}", and there is no such connection.`,
        'Add an SSH connection with that id, or correct the name.',
      );
    }
    if (next.system !== 'ssh') {
      throw refused(
        config,
        'invalid-input',
        `"via" of "${from.id}" names "${next.id}", which is no SSH host but ${next.system}.`,
        'Name a connection whose system is "ssh".',
      );
    }
    if (way.includes(next.id)) {
      throw refused(
        config,
        'invalid-input',
        `"via" goes in a circle: ${[...way, next.id].join(' → ')}.`,
        'Let one of these connections connect directly: remove its "via".',
      );
    }
    way.push(next.id);
    from = next;
  }
}
