import { type APIMessage, MessageFlags, type REST, Routes } from 'discord.js';
import type { Log } from '../../core/platform/log.ts';
import type { Card } from '../chat.ts';
import { onceMore } from './calls.ts';
import { DISCORD, discordCode, toVisavisError } from './errors.ts';
import { renderCard } from './render.ts';

export interface AnswerDeps {
  readonly rest: REST;
  readonly log: Log;
  readonly applicationId: string;
  readonly interaction: { readonly id: string; readonly token: string };
  /** Can be seen by everybody; it is fixed when the interaction is acknowledged. */
  readonly isPublic: boolean;
  /** An ordinary message in the channel, for what comes later or more than once. Returns its id. */
  post(card: Card): Promise<string>;
  /** A private message, when the interaction takes no more answers. */
  tell(card: Card): Promise<void>;
  onSent(messageId: string, pictureName: string | null): void;
}

export interface Answers {
  privately(card: Card): Promise<void>;
  publicly(card: Card): Promise<string>;
  /** Takes the "is thinking…" away when nothing was answered. */
  end(): Promise<void>;
}

/** An interaction takes answers for 15 minutes, and not for longer than Discord keeps it. */
const OVER: readonly (number | null)[] = [
  DISCORD.unknownMessage,
  DISCORD.unknownWebhook,
  DISCORD.unknownInteraction,
  DISCORD.invalidWebhookToken,
];

/**
 * Acknowledges an interaction, within the three seconds that Discord allows, and gives the ways to answer it. When it
 * is too late already, answers go by ordinary messages.
 */
export async function acknowledge(deps: AnswerDeps): Promise<Answers> {
  const { rest, log, applicationId, interaction, isPublic } = deps;
  const { id, token } = interaction;
  const original = Routes.webhookMessage(applicationId, token, '@original');
  /** The placeholder that the acknowledgement has left: it takes one answer. */
  let placeholder = await defer();

  return {
    async privately(card) {
      const { body, files } = renderCard(card, { buttons: false });
      try {
        if (placeholder && !isPublic) {
          placeholder = false;
          await rest.patch(original, { body, files, auth: false });
          return;
        }
        // Otherwise the next answer would take its place, and be public as well.
        await end();
        await rest.post(Routes.webhook(applicationId, token), {
          query: new URLSearchParams({ wait: 'true' }),
          body: { ...body, flags: MessageFlags.Ephemeral },
          files,
          auth: false,
        });
      } catch (error) {
        if (!OVER.includes(discordCode(error))) throw toVisavisError(error);
        await deps.tell(card);
      }
    },

    async publicly(card) {
      if (!placeholder || !isPublic) return deps.post(card);
      placeholder = false;
      const { body, files, pictureName } = renderCard(card, { buttons: false });
      try {
        const message = (await rest.patch(original, { body, files, auth: false })) as APIMessage;
        deps.onSent(message.id, pictureName);
        return message.id;
      } catch (error) {
        if (!OVER.includes(discordCode(error))) throw toVisavisError(error);
        return deps.post(card);
      }
    },

    end,
  };

  async function defer(): Promise<boolean> {
    try {
      await onceMore(() =>
        rest.post(Routes.interactionCallback(id, token), {
          query: new URLSearchParams({ with_response: 'false' }),
          body: { type: 5, data: isPublic ? {} : { flags: MessageFlags.Ephemeral } },
          auth: false,
        }),
      );
      return true;
    } catch (error) {
      // Our first request came through, and only its answer was lost.
      if (discordCode(error) === DISCORD.alreadyAcknowledged) return true;
      log.info(
        { platform: 'discord', code: discordCode(error) },
        'an interaction could not be acknowledged in time',
      );
      return false;
    }
  }

  async function end(): Promise<void> {
    if (!placeholder) return;
    placeholder = false;
    try {
      await rest.delete(original, { auth: false });
    } catch (error) {
      if (!OVER.includes(discordCode(error))) throw toVisavisError(error);
    }
  }
}
