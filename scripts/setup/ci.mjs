import { TEST_PROGRAMS } from './debian.mjs';

/** What tests skip without, on the machines of those who develop: the server that stands for MongoDB. */
export const CI_PROGRAMS = [
  ...TEST_PROGRAMS,
  { command: 'javac', package: 'default-jdk-headless' },
  { command: 'mvn', package: 'maven' },
];
