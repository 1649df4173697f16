#!/usr/bin/env node
import { launch } from './lib/launch.js';

await launch('node-engine', process.argv.slice(2));
