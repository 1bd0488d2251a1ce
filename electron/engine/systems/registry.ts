import type { SystemKind } from '../../../shared/model/connection.ts';
import { consulSystem } from './consul/index.ts';
import { llmBalancerSystem } from './llm-balancer/index.ts';
import { loxilbSystem } from './loxilb/index.ts';
import { proxmoxSystem } from './proxmox/index.ts';
import type { System } from './system.ts';

/** Every connector, one line each. Kinds of the published environment file that are not here have none yet. */
const systems: readonly System[] = [loxilbSystem, consulSystem, proxmoxSystem, llmBalancerSystem];

export function systemOf(kind: SystemKind): System | undefined {
  return systems.find((system) => system.kind === kind);
}
