#!/usr/bin/env node
import { launch } from './lib/launch.js';

await launch('net-manager', process.argv.slice(2));
