import type { LabModule } from './kit/module.ts';
import { consulLab } from './consul/index.ts';
import { llmBalancerLab } from './llm-balancer/index.ts';
import { llmEndpointsLab } from './llm-endpoints/index.ts';
import { loxilbLab } from './loxilb/index.ts';
import { proxmoxLab } from './proxmox/index.ts';

/** The stand-in systems, in the order they start. */
export const labModules: readonly LabModule[] = [
  loxilbLab,
  consulLab,
  proxmoxLab,
  llmEndpointsLab,
  llmBalancerLab,
];
