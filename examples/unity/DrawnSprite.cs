// A sprite in Unity, drawn over frames: put it on an object with a SpriteRenderer, beside examples/csharp in Assets/Scripts.
using System;
using System.Collections;
using System.IO;
using Iddpm;
using UnityEngine;
using UnityEngine.Networking;

public class DrawnSprite : MonoBehaviour
{
    public string model = "sprites32.safetensors"; // in Assets/StreamingAssets
    public string[] classNames = { "sword" };
    public uint seed = 7;
    public string steps, method, wrap; // as in the header; the usual where they are empty
    public double guidance = 1;
    public Color32[] palette; // all colours where there is none
    public string device; // the best where it is empty
    public uint microseconds = 4000; // of each frame; it may be an operation of the network more
    public byte[] saved; // what Save returned, to go on with it in place of a new one

    Run run;
    byte[] rgba;
    Texture2D texture;

    IEnumerator Start()
    {
        var path = Path.Combine(Application.streamingAssetsPath, model);
        byte[] file = null;
        // On Android it is no file, but lies within the app; in a browser on the server.
        if (path.Contains("://"))
            using (var request = UnityWebRequest.Get(path))
            {
                yield return request.SendWebRequest();
                if (request.result != UnityWebRequest.Result.Success) throw new IOException($"{path}: {request.error}");
                file = request.downloadHandler.data;
            }
        // The run needs neither of them from here on.
        using (var opened = file == null ? Model.Open(path) : Model.FromMemory(file))
        using (var studio = opened.On(device))
        {
            run = saved == null || saved.Length == 0 ? studio.Begin(Drawing()) : studio.Resume(saved);
            Show(opened.Info);
        }
    }

    Drawing Drawing() => new Drawing
    {
        Seed = seed,
        Classes = classNames,
        Steps = steps,
        Method = method,
        Wrap = wrap,
        Guidance = guidance,
        Palette = palette == null || palette.Length == 0 ? null : Bytes(palette),
    };

    static byte[] Bytes(Color32[] colours)
    {
        var bytes = new byte[4 * colours.Length];
        for (var at = 0; at < colours.Length; at++)
        {
            var colour = colours[at];
            new[] { colour.r, colour.g, colour.b, colour.a }.CopyTo(bytes, 4 * at);
        }
        return bytes;
    }

    void Show(Info info)
    {
        rgba = new byte[info.Width * info.Height * 4];
        texture = new Texture2D((int)info.Width, (int)info.Height, TextureFormat.RGBA32, false) { filterMode = FilterMode.Point };
        Paint(); // nothing yet, in place of what a new texture has
        var all = new Rect(0, 0, texture.width, texture.height);
        var renderer = GetComponent<SpriteRenderer>();
        renderer.sprite = Sprite.Create(texture, all, new Vector2(0.5f, 0.5f), texture.height);
        renderer.flipY = true; // its rows go from below, ours from above
    }

    void Update()
    {
        if (run == null) return;
        var isLeft = false; // so it is where a call throws
        try
        {
            isLeft = run.Advance(microseconds);
            run.Preview(0, rgba, texture.width * 4); // as it will be; where nothing is left, as it is
            Paint();
        }
        finally
        {
            if (!isLeft) Cancel();
        }
    }

    void Paint()
    {
        texture.LoadRawTextureData(rgba);
        texture.Apply();
    }

    // Bytes with which it goes on when the game is played again; null where it is not under way.
    public byte[] Save() => run?.Save();

    // What is shown stays.
    public void Cancel()
    {
        run?.Dispose();
        run = null;
    }

    void OnDestroy() => Cancel();
}
