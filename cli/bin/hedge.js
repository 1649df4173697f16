#!/usr/bin/env node
import { launch } from './lib/launch.js';

/** Roles have a bundle of their own, so that a root or a worker does not carry the whole command line. */
const ROLES = ['root', 'cluster', 'worker'];
const args = process.argv.slice(2);

if (ROLES.includes(args[0])) await launch(args[0], args.slice(1));
else await launch('hedge', args);
