import { linkKinds } from '../../../../shared/model/link.ts';
import { rateOfNode } from '../pipeline/describe.ts';
import type { Incidence, Scene } from './scene.ts';

/**
 * A rate is written on a link only when it is known to be that link's: all of the target's traffic comes this way, or
 * all of the source's goes this way. Where several links share it, none says a number.
 */
export function linkRate(scene: Scene, edge: number): string | undefined {
  const from = scene.edgeFrom[edge]!;
  const to = scene.edgeTo[edge]!;
  if (scene.edgeKind[edge] !== ROUTES_TO) return undefined;
  if (routes(scene, scene.in, to) === 1) {
    const rate = rateOfNode(scene.nodes[to]!);
    if (rate !== undefined) return rate;
  }
  return routes(scene, scene.out, from) === 1 ? rateOfNode(scene.nodes[from]!) : undefined;
}

const ROUTES_TO = linkKinds.indexOf('routes-to');

function routes(scene: Scene, { start, edges }: Incidence, node: number): number {
  let count = 0;
  for (let k = start[node]!; k < start[node + 1]!; k++)
    count += Number(scene.edgeKind[edges[k]!] === ROUTES_TO);
  return count;
}
