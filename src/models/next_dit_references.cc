// NextDit beside references (Z-Image Omni): texts and pictures stand behind one another in one
// sequence; those of references are modulated as at a sigma of 0.
#include <algorithm>
#include <array>
#include <span>
#include <string>
#include <vector>

#include "base/error.h"
#include "models/next_dit.h"
#include "models/patches.h"

namespace zanime::models {
namespace {

// Tokens [first, first + count) of a sequence, and the time that they are at.
struct TimedTokens {
  int64_t first, count;
  const ops::Activation* time;  // [1, modulation]
};

// x [1, tokens, dim] by parts: what `of` makes of each, [count, dim], behind one another.
template <class Function>
ops::Activation by_parts(const ops::Activation& x, std::span<const TimedTokens> parts,
                         ops::Backend& backend, const Function& of) {
  const ops::Activation rows = x.reshaped({x.dim(1), x.dim(2)});
  std::vector<ops::Activation> made;
  for (const TimedTokens& part : parts) {
    if (part.count == 0) continue;
    made.push_back(of(rows.rows(part.first, part.count), part).reshaped({1, part.count, x.dim(2)}));
  }
  return backend.join_rows(made);
}

// run_dit_block with a time for each part of the sequence.
void run_timed_block(const DitBlock& block, const DitWidths& widths, ops::Activation& x,
                     std::span<const TimedTokens> parts, const ops::RopeTable& rope,
                     ops::Backend& backend) {
  std::vector<ops::Activation> modulations;  // of each part, [4, dim]
  for (const TimedTokens& part : parts) {
    modulations.push_back(backend.linear(*part.time, block.modulation).reshaped({4, widths.dim}));
  }
  const auto modulation = [&](const TimedTokens& part, int64_t row) {
    return modulations[static_cast<size_t>(&part - parts.data())].rows(row, 1).reshaped(
        {widths.dim});
  };
  const auto scaled_norm = [&](const weights::Weight& weight, int64_t row) {
    return by_parts(x, parts, backend, [&](const ops::Activation& rows, const TimedTokens& part) {
      return backend.rms_norm(rows, weight, kDitNormEpsilon, modulation(part, row));
    });
  };
  const auto add_gated = [&](const ops::Activation& change, const weights::Weight& weight,
                             int64_t row) {
    const ops::Activation to = x.reshaped({x.dim(1), x.dim(2)});
    const ops::Activation from = change.reshaped({x.dim(1), x.dim(2)});
    for (const TimedTokens& part : parts) {
      if (part.count == 0) continue;
      ops::Activation rows = to.rows(part.first, part.count);
      backend.gated_norm_add_inplace(rows, from.rows(part.first, part.count), weight,
                                     kDitNormEpsilon, modulation(part, row));
    }
  };
  add_gated(attend(block, widths, scaled_norm(block.attention_norm1, 0), rope, backend),
            block.attention_norm2, 1);
  add_gated(
      backend.gated_feed_forward(scaled_norm(block.ffn_norm1, 2), block.w1, block.w3, block.w2),
      block.ffn_norm2, 3);
}

}  // namespace

NextDit::Scene NextDit::embed_scene(const Tensor& conditioning, const References& references,
                                    const PatchGrid& grid, ops::Backend& backend,
                                    const CancelToken& cancel) const {
  Scene scene;
  std::vector<ops::Activation> texts, pictures;
  int64_t offset = 0;
  const auto add_text = [&](const Tensor& text) {
    const int64_t tokens = config_.pad_tokens ? round_up(text.dim(0), kTokenMultiple) : text.dim(0);
    texts.push_back(embed_text(text, tokens, backend));
    add_text_positions(offset, tokens, scene.text_positions);
    return tokens;
  };
  for (size_t i = 0; i < references.latents.size(); ++i) {
    const Tensor& latent = references.latents[i];
    if (latent.dim(2) % kPatch != 0 || latent.dim(3) % kPatch != 0) {
      throw Error(ErrorKind::kGraph,
                  "a reference latent has " + latent.shape().to_string() +
                      "; its height and width must be even: crop its picture to multiples of 16 "
                      "pixels");
    }
    // A picture without a text has padding in front of it.
    if (i < references.texts.size()) {
      offset += add_text(references.texts[i]);
    } else if (config_.pad_tokens) {
      const std::vector<int32_t> first_row(static_cast<size_t>(kTokenMultiple), 0);
      texts.push_back(backend.embedding_rows(caption_pad_, first_row)
                          .reshaped({1, kTokenMultiple, config_.dim}));
      add_text_positions(offset, kTokenMultiple, scene.text_positions);
      offset += kTokenMultiple;
    }
    const int64_t rows = latent.dim(2) / kPatch, columns = latent.dim(3) / kPatch;
    const int64_t tokens =
        config_.pad_tokens ? round_up(rows * columns, kTokenMultiple) : rows * columns;
    pictures.push_back(
        padded(backend.linear(backend.upload(patchify(latent, kPatch, rows, columns)), image_in_),
               image_pad_, tokens, backend));
    add_picture_positions(offset + 1, rows, columns, tokens, grid, scene.picture_positions);
    offset += 2;
  }
  scene.reference_text_tokens = std::ssize(scene.text_positions);
  offset += add_text(conditioning);
  scene.place = offset + 1;
  offset += 2;
  for (size_t i = references.latents.size(); i < references.texts.size(); ++i) {
    add_text(references.texts[i]);
    offset += references.texts[i].dim(0);
  }
  scene.texts = backend.join_rows(texts);
  scene.pictures = backend.join_rows(pictures);
  const ops::RopeTable rope = rope_table(scene.text_positions, config_.head_dim, backend);
  for (const DitBlock& block : context_refiners_) {
    cancel.throw_if_cancelled();
    run_dit_block(block, widths_of(config_), scene.texts, {}, rope, backend);
  }
  return scene;
}

Tensor NextDit::velocity_in_scene(const Tensor& latent, float sigma, const Scene& scene,
                                  const PatchGrid& grid, ops::Backend& backend,
                                  const CancelToken& cancel) const {
  if (latent.dim(0) > 1) {
    Tensor all(latent.shape());
    const int64_t size = latent.size() / latent.dim(0);
    for (int64_t i = 0; i < latent.dim(0); ++i) {
      const Tensor one = velocity_in_scene(latent.rows(i, 1), sigma, scene, grid, backend, cancel);
      std::copy(one.values().begin(), one.values().end(), all.data() + i * size);
    }
    return all;
  }
  const ops::Activation time = embed_time(sigma, backend), still = embed_time(0.0f, backend);
  const int64_t rows = round_up(latent.dim(2), kPatch) / kPatch;
  const int64_t columns = round_up(latent.dim(3), kPatch) / kPatch;
  const int64_t tokens =
      config_.pad_tokens ? round_up(rows * columns, kTokenMultiple) : rows * columns;
  const int64_t texts = scene.texts.dim(1), references = scene.pictures.dim(1);
  std::vector<Position> positions = scene.text_positions;
  positions.insert(positions.end(), scene.picture_positions.begin(), scene.picture_positions.end());
  add_picture_positions(scene.place, rows, columns, tokens, grid, positions);
  const ops::RopeTable rope = rope_table(positions, config_.head_dim, backend);

  const ops::Activation image =
      padded(backend.linear(backend.upload(patchify(latent, kPatch, rows, columns)), image_in_),
             image_pad_, tokens, backend);
  ops::Activation pictures = backend.join_rows(std::array{scene.pictures, image});
  const std::array<TimedTokens, 2> picture_parts{
      {{0, references, &still}, {references, tokens, &time}}};
  for (const DitBlock& block : noise_refiners_) {
    cancel.throw_if_cancelled();
    run_timed_block(block, widths_of(config_), pictures, picture_parts,
                    rope.rows(texts, references + tokens), backend);
  }

  ops::Activation x = backend.join_rows(std::array{scene.texts, pictures});
  const int64_t still_texts = scene.reference_text_tokens;
  const std::array<TimedTokens, 4> parts{{{0, still_texts, &still},
                                          {still_texts, texts - still_texts, &time},
                                          {texts, references, &still},
                                          {texts + references, tokens, &time}}};
  for (const DitBlock& block : layers_) {
    cancel.throw_if_cancelled();
    run_timed_block(block, widths_of(config_), x, parts, rope, backend);
  }
  const ops::Activation made = x.reshaped({x.dim(1), x.dim(2)})
                                   .rows(texts + references, tokens)
                                   .reshaped({1, tokens, config_.dim});
  return unpatchify_negated(final_values(made, time, backend), latent.shape(), kPatch, 0, columns);
}

}  // namespace zanime::models
