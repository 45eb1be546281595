// What the rooms of the host tell the page: only what a user did and the host has done. All bubble and cross shadow roots.
import { PfRecordingSelect } from './events.ts';

const OUTWARD = { bubbles: true, composed: true } as const;

/** An attempt to pair was answered with a PIN, dismissed, or pairing was switched. */
export class PfPairingChange extends Event {
  static readonly type = 'pf-pairing-change';
  readonly action: 'pin' | 'dismiss' | 'switch';

  constructor(action: 'pin' | 'dismiss' | 'switch') {
    super(PfPairingChange.type, OUTWARD);
    this.action = action;
  }
}

/** A paired device was renamed, given or refused a right, or revoked. */
export class PfClientChange extends Event {
  static readonly type = 'pf-client-change';
  readonly action: 'change' | 'revoke';
  readonly clientId: string;

  constructor(action: 'change' | 'revoke', clientId: string) {
    super(PfClientChange.type, OUTWARD);
    this.action = action;
    this.clientId = clientId;
  }
}

/** A stream was ended, or with the app all of them (without an id). */
export class PfSessionEnd extends Event {
  static readonly type = 'pf-session-end';
  readonly sessionId: number | undefined;

  constructor(sessionId: number | undefined) {
    super(PfSessionEnd.type, OUTWARD);
    this.sessionId = sessionId;
  }
}

/** A token was made or revoked. Never carries its value. */
export class PfTokenChange extends Event {
  static readonly type = 'pf-token-change';
  readonly action: 'create' | 'revoke';
  readonly tokenId: string;

  constructor(action: 'create' | 'revoke', tokenId: string) {
    super(PfTokenChange.type, OUTWARD);
    this.action = action;
    this.tokenId = tokenId;
  }
}

/** Another room of the page was entered. */
export class PfRoom extends Event {
  static readonly type = 'pf-room';
  readonly room: string;

  constructor(room: string) {
    super(PfRoom.type, OUTWARD);
    this.room = room;
  }
}

/** A recording was chosen together with the part of it that is to be looked at. */
export class PfRecordingLook extends PfRecordingSelect {
  readonly range: { readonly fromMs: number; readonly toMs: number };

  constructor(recordingId: string, range: PfRecordingLook['range']) {
    super(recordingId);
    this.range = range;
  }
}

/** The first steps were put away. The page decides whether it remembers. */
export class PfGuideDismiss extends Event {
  static readonly type = 'pf-guide-dismiss';

  constructor() {
    super(PfGuideDismiss.type, OUTWARD);
  }
}

declare global {
  interface GlobalEventHandlersEventMap {
    'pf-pairing-change': PfPairingChange;
    'pf-client-change': PfClientChange;
    'pf-session-end': PfSessionEnd;
    'pf-token-change': PfTokenChange;
    'pf-room': PfRoom;
    'pf-guide-dismiss': PfGuideDismiss;
  }
}
