import { saneAnswer } from '../sane.ts';
import type { Handler } from './handler.ts';

export const placeAnswer: Handler<'place_answer'> = (session, message, { driver }) =>
  driver.answer(session, saneAnswer(message));
