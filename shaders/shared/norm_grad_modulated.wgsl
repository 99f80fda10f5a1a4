// A channel of an image, modulated by scale_shift [N, 2C], scale then shift, only where `modulated`.

fn channel_of(n: u32, c: u32) -> Channel {
    var channel = plain_channel(c);
    if params.modulated != 0u {
        let row = 2u * n * params.channels;
        channel.scale += scale_shift[row + c];
        channel.shift = scale_shift[row + params.channels + c];
    }
    return channel;
}
