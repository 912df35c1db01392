import { createHash, createSign, generateKeyPairSync, type KeyObject, randomBytes } from 'node:crypto';
import type { AuthenticationResponseJSON, RegistrationResponseJSON } from '@simplewebauthn/server';

/** What a test may get wrong on purpose. */
export interface Lie {
  readonly origin?: string;
  readonly rpId?: string;
  readonly verified?: boolean;
  readonly challenge?: string;
  readonly counter?: number;
  readonly type?: string;
}

/** An authenticator in software: one ES256 key, answers as a browser sends them (WebAuthn Level 3, 6.1 and 6.5). */
export class Authenticator {
  readonly id = randomBytes(16);
  private readonly key: KeyObject;
  private readonly publicKey: KeyObject;
  private counter = 0;
  private readonly site: string;

  constructor(site: string) {
    this.site = site;
    const pair = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    this.key = pair.privateKey;
    this.publicKey = pair.publicKey;
  }

  register(challenge: string, lie: Lie = {}): RegistrationResponseJSON {
    const { x = '', y = '' } = this.publicKey.export({ format: 'jwk' });
    // COSE_Key: kty EC2, alg ES256, crv P-256, x, y.
    const cose = Buffer.concat([
      Buffer.from('a5010203262001215820', 'hex'),
      Buffer.from(x, 'base64url'),
      Buffer.from('225820', 'hex'),
      Buffer.from(y, 'base64url'),
    ]);
    const attested = Buffer.concat([Buffer.alloc(16), Buffer.from([0, this.id.length]), this.id, cose]);
    const data = Buffer.concat([this.authData(0x40, lie), attested]);
    // {"fmt": "none", "attStmt": {}, "authData": bytes}
    const object = Buffer.concat([
      Buffer.from('a363666d74646e6f6e656761747453746d74a068617574684461746158', 'hex'),
      Buffer.from([data.length]),
      data,
    ]);
    return {
      id: this.id.toString('base64url'),
      rawId: this.id.toString('base64url'),
      type: 'public-key',
      clientExtensionResults: {},
      response: {
        clientDataJSON: this.clientData('webauthn.create', challenge, lie).toString('base64url'),
        attestationObject: object.toString('base64url'),
        transports: ['internal'],
      },
    };
  }

  sign(challenge: string, lie: Lie = {}): AuthenticationResponseJSON {
    const data = this.authData(0, lie);
    const client = this.clientData('webauthn.get', challenge, lie);
    const hash = createHash('sha256').update(client).digest();
    return {
      id: this.id.toString('base64url'),
      rawId: this.id.toString('base64url'),
      type: 'public-key',
      clientExtensionResults: {},
      response: {
        clientDataJSON: client.toString('base64url'),
        authenticatorData: data.toString('base64url'),
        signature: createSign('sha256')
          .update(Buffer.concat([data, hash]))
          .sign(this.key)
          .toString('base64url'),
      },
    };
  }

  private clientData(type: string, challenge: string, lie: Lie): Buffer {
    return Buffer.from(
      JSON.stringify({
        type: lie.type ?? type,
        challenge: lie.challenge ?? challenge,
        origin: lie.origin ?? this.site,
        crossOrigin: false,
      }),
    );
  }

  private authData(flags: number, lie: Lie): Buffer {
    const rpIdHash = createHash('sha256')
      .update(lie.rpId ?? new URL(this.site).hostname)
      .digest();
    const counter = Buffer.alloc(4);
    counter.writeUInt32BE(lie.counter ?? ++this.counter);
    // User present, and verified.
    return Buffer.concat([
      rpIdHash,
      Buffer.from([flags | 0x01 | (lie.verified === false ? 0 : 0x04)]),
      counter,
    ]);
  }
}
