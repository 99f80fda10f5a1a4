"""The network in PyTorch, with the parameter names that checkpoints have, from a `UnetConfig` as JSON."""

import math

import torch
from torch import nn
from torch.nn import functional as F

GROUPS = 32
EPSILON = 1e-5
MAX_PERIOD = 10000.0


def norm(channels):
    return nn.GroupNorm(GROUPS, channels, eps=EPSILON)


def timestep_embedding(timesteps, channels):
    """[N] to [N, channels]: cosines, then sines."""
    half = channels // 2
    exponents = torch.arange(half, dtype=torch.float32, device=timesteps.device) / half
    angles = timesteps.float()[:, None] * torch.exp(-math.log(MAX_PERIOD) * exponents)
    return F.pad(torch.cat([angles.cos(), angles.sin()], dim=1), (0, channels % 2))


class Residual(nn.Module):
    def __init__(self, channels, out_channels, embedding, scale_shift):
        super().__init__()
        self.scale_shift = scale_shift
        self.in_layers = nn.Sequential(
            norm(channels), nn.SiLU(), nn.Conv2d(channels, out_channels, 3, padding=1)
        )
        self.emb_layers = nn.Sequential(
            nn.SiLU(), nn.Linear(embedding, out_channels * (2 if scale_shift else 1))
        )
        # Dropout has no parameter, but a place among the layers.
        self.out_layers = nn.Sequential(
            norm(out_channels), nn.SiLU(), nn.Identity(), nn.Conv2d(out_channels, out_channels, 3, padding=1)
        )
        self.skip_connection = (
            nn.Identity() if channels == out_channels else nn.Conv2d(channels, out_channels, 1)
        )

    def forward(self, x, embedding):
        h = self.in_layers(x)
        added = self.emb_layers(embedding)[:, :, None, None]
        normalise, *rest = self.out_layers
        if self.scale_shift:
            scale, shift = added.chunk(2, dim=1)
            h = normalise(h) * (1 + scale) + shift
        else:
            h = normalise(h + added)
        for layer in rest:
            h = layer(h)
        return self.skip_connection(x) + h


class Attention(nn.Module):
    def __init__(self, channels, heads):
        super().__init__()
        self.heads = heads
        self.norm = norm(channels)
        self.qkv = nn.Conv1d(channels, 3 * channels, 1)
        self.proj_out = nn.Conv1d(channels, channels, 1)

    def forward(self, x, _):
        n, c, h, w = x.shape
        rows = self.qkv(self.norm(x).reshape(n, c, h * w))
        # A head has its own q, k and v, one after the other. Its scores are scaled by 1/√channels.
        q, k, v = rows.reshape(n, self.heads, 3, c // self.heads, h * w).transpose(-1, -2).unbind(2)
        mixed = F.scaled_dot_product_attention(q, k, v).transpose(-1, -2).reshape(n, c, h * w)
        return x + self.proj_out(mixed).reshape(n, c, h, w)


class Downsample(nn.Module):
    def __init__(self, channels, convolve):
        super().__init__()
        self.op = nn.Conv2d(channels, channels, 3, stride=2, padding=1) if convolve else nn.AvgPool2d(2)

    def forward(self, x, _):
        return self.op(x)


class Upsample(nn.Module):
    def __init__(self, channels, convolve):
        super().__init__()
        self.conv = nn.Conv2d(channels, channels, 3, padding=1) if convolve else nn.Identity()

    def forward(self, x, _):
        return self.conv(F.interpolate(x, scale_factor=2, mode="nearest"))


class First(nn.Conv2d):
    def forward(self, x, _):
        return super().forward(x)


class Block(nn.ModuleList):
    """Layers one after the other, each of which may look at the embedding."""

    def forward(self, x, embedding):
        for layer in self:
            x = layer(x, embedding)
        return x


class Unet(nn.Module):
    def __init__(self, config):
        super().__init__()
        self.config = config
        channels = config["model_channels"]
        embedding = 4 * channels
        self.time_embed = nn.Sequential(
            nn.Linear(channels, embedding), nn.SiLU(), nn.Linear(embedding, embedding)
        )
        if config["num_classes"] is not None:
            self.label_emb = nn.Embedding(config["num_classes"], embedding)

        def residual(channels, out_channels):
            return Residual(channels, out_channels, embedding, config["scale_shift"])

        def attention(factor, channels, heads):
            return [Attention(channels, heads)] if factor in config["attention_factors"] else []

        seen = config["in_channels"] * (2 if config["super_resolution"] else 1)
        self.input_blocks = nn.ModuleList([Block([First(seen, channels, 3, padding=1)])])
        kept = [channels]
        here, factor = channels, 1
        levels = [multiplier * channels for multiplier in config["channel_mult"]]
        for level, out_channels in enumerate(levels):
            for _ in range(config["num_res_blocks"]):
                layers = [residual(here, out_channels)]
                here = out_channels
                layers += attention(factor, here, config["num_heads"])
                self.input_blocks.append(Block(layers))
                kept.append(here)
            if level + 1 < len(levels):
                self.input_blocks.append(Block([Downsample(here, config["conv_resample"])]))
                kept.append(here)
                factor *= 2

        self.middle_block = Block(
            [residual(here, here), Attention(here, config["num_heads"]), residual(here, here)]
        )

        self.output_blocks = nn.ModuleList()
        for level, out_channels in reversed(list(enumerate(levels))):
            for at in range(config["num_res_blocks"] + 1):
                layers = [residual(here + kept.pop(), out_channels)]
                here = out_channels
                layers += attention(factor, here, config["num_heads_upsample"])
                if level > 0 and at == config["num_res_blocks"]:
                    layers.append(Upsample(here, config["conv_resample"]))
                    factor //= 2
                self.output_blocks.append(Block(layers))

        self.out = nn.Sequential(
            norm(here), nn.SiLU(), nn.Conv2d(here, config["out_channels"], 3, padding=1)
        )

    def forward(self, x, timesteps, labels=None, low_res=None):
        weight = self.time_embed[0].weight
        embedding = timestep_embedding(timesteps, self.config["model_channels"]).to(weight.dtype)
        embedding = self.time_embed(embedding)
        if labels is not None:
            embedding = embedding + self.label_emb(labels)
        if low_res is not None:
            low_res = F.interpolate(low_res, x.shape[2:], mode="bilinear", align_corners=False)
            x = torch.cat([x, low_res], dim=1)
        h = x.to(weight.dtype)
        kept = []
        for block in self.input_blocks:
            h = block(h, embedding)
            kept.append(h)
        h = self.middle_block(h, embedding)
        for block in self.output_blocks:
            h = block(torch.cat([h, kept.pop()], dim=1), embedding)
        return self.out(h).float()
