import { startConsole } from '../app/start.tsx';
import { openFixture } from './fake-client.ts';
import { fixtureStates } from './world.ts';

const asked = new URLSearchParams(window.location.search).get('state');
const root = document.getElementById('root');
if (root) startConsole(root, openFixture(fixtureStates.find((state) => state === asked) ?? 'full'));
