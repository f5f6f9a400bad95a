// One browser for all journeys of a run: prints where to reach it, ends when its input does.
import { chromium } from 'playwright-core';
import { LAUNCH } from './launch.mjs';

const server = await chromium.launchServer({ executablePath: process.argv[2], ...LAUNCH });
console.log(server.wsEndpoint());
process.stdin.resume();
process.stdin.on('end', () => void server.close().then(() => process.exit(0)));
