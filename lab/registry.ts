import type { LabModule } from './kit/module.ts';
import { proxmoxLab } from './proxmox/index.ts';

/** The stand-in systems, in the order they start. */
export const labModules: readonly LabModule[] = [proxmoxLab];
