/** What a Net Manager would tell the kernel, for a world that has no kernel. */
export { withAttachment, withoutAttachment } from '../attach/attach.ts';
export { ERRORS } from '../errors.ts';
export { changesOf, type Told, withRegistration } from '../table/changes.ts';
export { Directory } from '../table/directory.ts';
export { addressesOf } from '../table/services.ts';
export { EMPTY_STATE, type NetState } from '../table/state.ts';
